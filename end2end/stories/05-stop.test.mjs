import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { withAModel } from "../world.mjs";

test("stopping from another tab keeps the text and marks entry and answer as stopped", async () => {
  const { ada, model } = await withAModel();
  await ada.says("Tell me a story");
  (await model.next()).goesOn("Once upon a time there was a lighthouse. ");
  await ada.sees(at.answerNow);
  const tab = await ada.opensSecondTab();
  await tab.sees(at.answerNow);
  await tab.page.waitForFunction(
    (place) => document.querySelector(place)?.textContent.length > 20,
    at.answer,
  );
  const early = await tab.the(at.answer).first().textContent();
  await tab.the(at.stop).click();
  for (const reader of [ada, tab]) {
    await reader.reads(at.ended, /^Stopped$/);
    await reader.reads(at.entryWord, /^Stopped$/);
    await reader.sees(at.working, 0);
    await reader.sees(at.send);
    const kept = await reader.the(at.answer).first().textContent();
    assert.ok(kept.startsWith(early.slice(0, 20)), `the text is gone: ${kept}`);
  }
  await ada.says("Hello");
  await model.says("Hello to you.");
  await tab.seesAnswers(1);
  await tab.closesTab();
  await ada.leaves();
});

test("a running tool can be stopped", async () => {
  const { ada, model } = await withAModel({ pace: 20 });
  await ada.says("Make a slow film of rain");
  await model.calls("generate_video", { prompt: "slow rain" });
  await ada.entryOf("rain");
  await ada.the(at.stop).click();
  await ada.sees(at.send);
  await ada.sees(at.working, 0);
  await ada.reads(at.entryWord, /^Stopped$/);
  await ada.sees(at.media, 0);
  await ada.leaves();
});
