import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { Caddy, complaints } from "../caddy.mjs";
import { binary } from "../holly.mjs";
import { at } from "../page.mjs";
import { aServer, somebody } from "../world.mjs";

test("the documented Caddy example is valid and serves Holly live", async () => {
  assert.equal(complaints(), "");
  const holly = await aServer();
  const caddy = await Caddy.byExample(new URL(holly.url).host);
  const ada = await somebody({
    holly: Object.create(holly, { url: { value: caddy.url } }),
  });
  await ada.says("Paint a lighthouse at dusk");
  await ada.sees(at.picture);
  await ada.seesAnswers(1);
  await ada.isLive();
  const entry = {
    logType: "info",
    status: "success",
    title: "A frame by itself",
    conversationId: ada.conversation,
  };
  await ada.asks("POST", "/api/work-log/create", entry);
  await ada.entryOf("A frame by itself");
  await ada.isLive();
  assert.equal((await fetch(`${caddy.url}/metrics`)).status, 404);
  await ada.leaves();
  await caddy.isGone();
});

test("systemd accepts the documented unit", (story) => {
  const unit = readFileSync(
    resolve(import.meta.dirname, "../../docs/deploy/holly.service"),
    "utf8",
  );
  const there = unit.replaceAll("/usr/local/bin/holly", binary);
  assert.notEqual(there, unit);
  const folder = mkdtempSync(join(tmpdir(), "holly-unit-"));
  writeFileSync(join(folder, "holly.service"), there);
  const verified = spawnSync(
    "systemd-analyze",
    ["verify", "--man=no", join(folder, "holly.service")],
    { encoding: "utf8" },
  );
  rmSync(folder, { recursive: true });
  if (verified.error) return story.skip("there is no systemd-analyze here");
  const about = verified.stderr
    .split("\n")
    .filter((line) => line.includes("holly.service"));
  assert.deepEqual(about, []);
});
