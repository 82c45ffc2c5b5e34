import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { test } from "node:test";
import { aPlace, cannot, nobody } from "../alone.mjs";
import { at } from "../page.mjs";
import { aBrowser, aServer, anEmail, password } from "../world.mjs";

test("the program serves and shuts down in an empty folder without privileges, writing only its data", async (story) => {
  const reason = cannot();
  if (reason) return story.skip(reason);
  const { home, isRoot, options } = aPlace();
  const holly = await aServer(options);
  const rights = readFileSync(`/proc/${holly.process.pid}/status`, "utf8");
  if (isRoot)
    assert.match(rights, new RegExp(`^Uid:\\s+${nobody}\\s+${nobody}`, "m"));
  const ada = await aBrowser(holly);
  await ada.createsFirstAccount(anEmail(), password);
  await ada.says("Paint a lighthouse at dusk");
  await ada.sees(at.picture);
  await ada.seesAnswers(1);
  await ada.isLive();
  await ada.leaves();
  assert.equal(await holly.stops(), 0, holly.log);
  assert.deepEqual(readdirSync(home).sort(), ["data", "holly"]);
  rmSync(home, { recursive: true });
});
