import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import { somebody } from "../world.mjs";

test("a model's thoughts are a line of their own, and no part of the answer", async () => {
  const ada = await somebody();
  await ada.says("Think aloud");
  await ada.seesAnswers(1);
  await ada.reads(
    `${at.folded} > summary`,
    /^Thought for \d+ s · 1 model call/,
  );
  const answer = await ada.the(at.answer).first().textContent();
  assert.doesNotMatch(answer, /thinking aloud/);
  await ada.the(`${at.folded} > summary`).click();
  const thought = await ada.entryOf("Thought for");
  await ada.opensEntry(thought);
  await ada.reads(
    `${entryAt(thought)} .long`,
    "This is the demo thinking aloud",
  );
  await ada.screenshot("thought-light-wide");
  await ada.reloads();
  await ada.reads(`${at.folded} > summary`, /^Thought for \d+ s/);
  await ada.leaves();
});
