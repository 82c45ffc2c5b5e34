import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import { somebody } from "../world.mjs";

const failed = 'details.entry[data-status="error"]';
const warned = 'details.entry[data-status="warning"]';

test("a fallback shows what failed, what is tried and who answered, and is not folded", async () => {
  const ada = await somebody();
  await ada.says("Show me a fallback");
  await ada.seesAnswers(1);
  await ada.sees(failed);
  await ada.sees(warned);
  await ada.reads(warned, /Trying Demo backup/);
  await ada.reads(`${warned} ${at.entryWord}`, /^Warning$/);
  await ada.reads(".answer .by", "Demo backup");
  const entry = await ada.entryOf("limit");
  await ada.opensEntry(entry);
  await ada.reads(`${entryAt(entry)} ${at.details}`, /rate_limit/);
  await ada.reads(`${entryAt(entry)} ${at.details}`, "Quota exceeded");
  await ada.screenshot("fallback-light-wide");
  await ada.reloads();
  await ada.sees(failed);
  await ada.sees(warned);
  await ada.leaves();
});

test("a failed tool stays visible, and the answer continues", async () => {
  const ada = await somebody();
  await ada.says("Let a tool fail");
  await ada.seesAnswers(1);
  await ada.sees(failed);
  await ada.reads(`${failed} ${at.entryWord}`, /^Failed$/);
  await ada.reads(at.answer, "I could not make the picture");
  await ada.leaves();
});

test("when every model fails the page explains it and offers a retry", async () => {
  const ada = await somebody();
  await ada.says("Let everything fail");
  await ada.sees(at.tryAgain);
  await ada.sees(at.send);
  await ada.reads(at.ended, /^Failed$/);
  const failures = await ada.the(failed).count();
  assert.ok(failures >= 3, `${failures} entries say that it failed`);
  await ada.sees(at.folded, 0);
  await ada.screenshot("failed-light-wide");
  await ada.the(at.tryAgain).click();
  await ada.sees(failed, failures * 2);
  await ada.sees(at.tryAgain);
  await ada.sees(at.said);
  await ada.leaves();
});
