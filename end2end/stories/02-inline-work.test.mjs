import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt, playsAndSeeks } from "../page.mjs";
import { somebody, withAModel } from "../world.mjs";

test("work appears inline, updates in place, folds when done and can be opened", async () => {
  const { ada, model } = await withAModel();
  await ada.says("Paint a slow lighthouse at dusk");
  const asked = await model.next();
  await ada.sees(at.stop);
  const asking = await ada.entryOf("Groq");
  const row = await ada.the(entryAt(asking)).elementHandle();
  assert.equal(await row.getAttribute("data-status"), "working");
  await ada.reads(`${entryAt(asking)} ${at.entryWord}`, "Working");
  const elapsed = await ada.seesElapsed(asking, 1);
  assert.match(elapsed, /^\d+ s$/);
  await ada.seesElapsed(asking, parseInt(elapsed, 10) + 1);
  await ada.screenshot("working-light-wide");

  asked.calls("generate_image", { prompt: "slow lighthouse at dusk" });
  await ada.page.waitForFunction(
    (row) => row.dataset.status === "success" && row.isConnected,
    row,
  );
  const tool = await ada.entryOf("lighthouse at dusk");
  await ada.reads(`${entryAt(tool)} ${at.entryWord}`, "Done");
  await ada.sees(at.picture);
  await ada.page.waitForFunction(
    (picture) => document.querySelector(picture).naturalWidth > 0,
    at.picture,
  );

  const answer = await model.next();
  answer.says("Here you are: ");
  await ada.sees(at.answerNow);
  const early = (await ada.the(at.answer).first().textContent()).length;
  answer.says("a lighthouse, and the sea.");
  await ada.page.waitForFunction(
    ([place, now, early]) =>
      document.querySelector(now) &&
      document.querySelector(place).textContent.length > early,
    [at.answer, at.answerNow, early],
  );
  await ada.screenshot("streaming-light-wide");

  answer.ends();
  await ada.seesAnswers(1);
  await ada.sees(at.folded);
  await ada.reads(
    `${at.folded} > summary`,
    /Image: slow lighthouse at dusk · 2 model calls · \d/,
  );
  await ada.sees(at.entry, 0);
  await ada.the(`${at.folded} > summary`).click();
  await ada.sees(at.entry, 3);
  await ada.opensEntry(tool);
  await ada.reads(`${entryAt(tool)} ${at.details}`, /tool.*generate_image/);
  await ada.sees(at.picture);
  await ada.screenshot("done-light-wide");
  await ada.leaves();
});

test("demo audio and video are labelled as samples, play and can be seeked", async () => {
  const ada = await somebody();
  await ada.says("Compose cello music and make a film of rain");
  await ada.seesAnswers(1);
  await ada.reads(at.answer, /a sample song for .* and a sample film for/);
  await ada.sees(at.folded);
  const captions = await ada.the(at.caption).allTextContents();
  assert.equal(captions.length, 2);
  for (const caption of captions) assert.match(caption, /^Demo sample: /);
  for (const kind of ["audio", "video"]) {
    const media = ada.the(`${at.media} ${kind}`);
    assert.ok(await media.evaluate(playsAndSeeks), kind);
  }
  await ada.leaves();
});

test("a long answer renders table, list and code, and the page stays scrolled to the end", async () => {
  const ada = await somebody();
  await ada.says("Tell me something long");
  await ada.seesAnswers(1);
  for (const place of ["table", "ol", "pre code", "blockquote"])
    await ada.sees(`${at.answer} .prose ${place}`);
  await ada.page.waitForFunction((place) => {
    const list = document.querySelector(place);
    return list.scrollHeight - list.scrollTop - list.clientHeight < 48;
  }, at.scroll);
  await ada.leaves();
});
