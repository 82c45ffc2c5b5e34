// Runs all stories: two processes share the files, each with its own browser and servers, and run
// their stories in sequence. `node run.mjs chat phone` runs the files whose names contain one of
// the words, in this process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "stories");
const words = process.argv.slice(2);
const shard = process.env.HOLLY_TEST_SHARD;
const stories = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs"))
  .sort();

if (words.length > 0 || shard) {
  const mine = shard ? shard.split(",") : stories;
  const chosen = mine.filter(
    (name) => shard || words.some((word) => name.includes(word)),
  );
  for (const name of chosen) await import(join(folder, name));
} else {
  // balanced by duration; files not listed go to the first process
  const second = ["11", "12", "14", "16", "17", "18", "20", "22"];
  const isSecond = (name) => second.includes(name.slice(0, 2));
  const codes = await Promise.all(
    [
      stories.filter((name) => !isSecond(name)),
      stories.filter((name) => isSecond(name)),
    ].map(async (names) => {
      const env = { ...process.env, HOLLY_TEST_SHARD: names.join(",") };
      const child = spawn(process.execPath, [import.meta.filename], {
        env,
        stdio: ["ignore", "inherit", "inherit"],
      });
      const [code] = await once(child, "exit");
      return code ?? 1;
    }),
  );
  process.exitCode = Math.max(...codes);
}
