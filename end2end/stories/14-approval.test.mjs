import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { somebody, withAModel } from "../world.mjs";

test("a writing tool asks first: it is denied in another tab and allowed with the keyboard", async () => {
  const { ada, model } = await withAModel();
  await ada.says("Write a note: buy lamp oil");
  // an approval is announced when it arrives on an open page
  await ada.isLive();
  await model.calls("write_note", { text: "buy lamp oil" });
  await ada.sees(at.question);
  await ada.reads(at.entryWord, /^Waiting for you$/);
  await ada.reads(at.announcements, /Note: buy lamp oil: Waiting for you/);
  assert.match(await ada.the(at.question).textContent(), /text: buy lamp oil/);
  const tab = await ada.opensSecondTab();
  await tab.the(at.deny).click();
  await model.says("No note then.");
  for (const reader of [ada, tab]) {
    await reader.sees(at.question, 0);
    await reader.reads(at.entryWord, /^Denied$/);
    await reader.seesAnswers(1);
  }
  await tab.closesTab();
  await ada.says("Write a note: trim the wick");
  await model.calls("write_note", { text: "trim the wick" });
  await ada.sees(at.question);
  await ada.screenshot("approval-light-wide");
  await ada.page
    .getByRole("button", { name: "Allow once: Note: trim the wick" })
    .focus();
  await ada.page.keyboard.press("Enter");
  await model.says("The note is written.");
  await ada.sees(at.question, 0);
  await ada.seesAnswers(2);
  await ada.sees(at.media);
  await ada.leaves();
});

test("an always allowed tool asks again only after revocation in the settings", async () => {
  const ada = await somebody();
  await ada.says("Write a note: one");
  await ada.the(at.always).click();
  await ada.seesAnswers(1);
  await ada.says("Write a note: two");
  await ada.seesAnswers(2);
  await ada.sees(at.media, 2);
  await ada.visits("/settings");
  await ada.page.getByRole("button", { name: "Ask again: write_note" }).click();
  await ada.reads("main", /will be listed here/);
  await ada.leaves();
});

test("without JavaScript the approval is a form", async () => {
  const ada = await somebody({ javaScriptEnabled: false });
  await ada.the(at.message).fill("Write a note: buy lamp oil");
  await ada.the(at.send).click();
  await ada.untilReloadShows(at.question);
  await ada.the(at.allow).click();
  await ada.untilReloadShowsAnswers(1);
  assert.equal(await ada.the(at.question).count(), 0);
  assert.equal(await ada.the(at.media).count(), 1);
  await ada.leaves();
});
