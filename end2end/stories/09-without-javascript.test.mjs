import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { withAModel } from "../world.mjs";

test("signing in, sending, reading, opening entries and stopping work without JavaScript", async () => {
  const { ada, model } = await withAModel({ javaScriptEnabled: false });

  await ada.the(at.message).fill("Paint a lighthouse at dusk");
  await ada.the(at.send).click();
  await ada.page.waitForURL("**/c/*");
  assert.equal(await ada.the(at.said).count(), 1);
  assert.equal(
    await ada.the(at.connectionWord).isVisible(),
    false,
    "nothing connects without JavaScript",
  );
  await ada.the(at.reload).click();
  await ada.page.waitForURL("**/c/*");
  await model.calls("generate_image", { prompt: "lighthouse at dusk" });
  await model.says("Here you are.");
  await ada.untilReloadShowsAnswers(1);
  assert.equal(await ada.the(at.picture).count(), 1);
  await ada.the(`${at.folded} > summary`).click();
  const entry = ada.the(at.entry).first();
  await entry.locator(at.summary).click();
  await entry.locator(at.details).waitFor();
  await ada.screenshot("plain-light-wide");

  await ada.the(at.message).fill("Tell me a story");
  await ada.the(at.send).click();
  (await model.next()).says("Once upon a time ");
  await ada.untilReloadShows(at.answerNow);
  await ada.the(at.stop).click();
  await ada.untilReloadShows(at.ended);
  assert.equal(await ada.the(at.ended).textContent(), "Stopped");

  await ada.the(at.talkMenu).click();
  await ada.the(at.renameThis).click();
  await ada.the(at.renameField).fill("A lighthouse without a script");
  await ada.the(at.renameField).press("Enter");
  await ada
    .the(at.title)
    .filter({ hasText: "A lighthouse without a script" })
    .waitFor();
  await ada.the(at.talkMenu).click();
  await ada.the(at.removeThis).click();
  await ada.the(at.keepIt).click();
  await ada.the(at.dialog).waitFor({ state: "hidden" });
  // the menu stays open behind its dialog
  await ada.the(at.removeThis).click();
  await ada.the(at.confirmDelete).click();
  await ada.page.waitForURL((url) => url.pathname === "/");
  assert.match(
    await ada.the(at.receipt).textContent(),
    /^Deleted for good, from every tier: 1 conversation, 4 messages, /,
  );
  assert.equal(await ada.the(at.talk).count(), 0);
  await ada.leaves();
});
