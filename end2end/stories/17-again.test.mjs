import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { somebody } from "../world.mjs";

const replaced = "details.replaced";

test("a regenerated answer collapses the first one in every tab and after a reload", async () => {
  const ada = await somebody();
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const tab = await ada.opensSecondTab();
  await tab.sees(at.answerDone);
  await ada.the(at.again).click();
  for (const reader of [ada, tab]) {
    await reader.sees(replaced);
    await reader.seesAnswers(1);
    await reader.reads(`${replaced} > summary`, /^An earlier answer$/);
  }
  await ada.the(`${replaced} > summary`).click();
  await ada.sees(`${replaced} .prose`);
  await ada.screenshot("another-answer");
  await ada.page.reload();
  await ada.sees(replaced);
  await ada.seesAnswers(1);
  await tab.closesTab();
  await ada.leaves();
});

test("the last message is edited and answered again", async () => {
  const ada = await somebody();
  await ada.says("Helo");
  await ada.seesAnswers(1);
  await ada.the(at.writeAnew).click();
  await ada.screenshot("write-anew");
  await ada
    .the(at.writtenAnew)
    .fill("Paint a lighthouse at dusk, and put a slow cello song under it.");
  await ada.the(at.sendAnew).click();
  await ada.seesAnswers(1);
  await ada.sees("figure.media img");
  await ada.sees("figure.media audio");
  await ada.sees(replaced, 2);
  const said = await ada
    .the(".asked:not([data-status='superseded']) .said")
    .allTextContents();
  assert.equal(said.length, 1);
  assert.match(said[0], /lighthouse/);
  await ada.leaves();
});

test("the model is chosen in the composer and kept for the conversation", async () => {
  const ada = await somebody();
  await ada.the(at.model).selectOption({ label: "Demo backup" });
  await ada.says("Hello");
  await ada.seesAnswers(1);
  await ada.reads(".answer .by", /Demo backup/);
  await ada.page.reload();
  assert.equal(await ada.the(at.model).inputValue(), "demo:demo-backup");
  await ada.leaves();
});
