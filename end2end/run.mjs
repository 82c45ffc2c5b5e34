// Runs all stories one after the other in this process, so that they share a browser and a server.
// `node run.mjs chat phone` runs those whose file names contain one of the words.

import { readdirSync } from "node:fs";
import { join } from "node:path";

const words = process.argv.slice(2);
const folder = join(import.meta.dirname, "stories");
const stories = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs"))
  .sort();
for (const name of stories.filter(
  (name) => words.length === 0 || words.some((word) => name.includes(word)),
)) {
  await import(join(folder, name));
}
