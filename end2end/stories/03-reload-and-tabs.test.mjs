import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import { elsewhere, withAModel } from "../world.mjs";

const ids = (person) =>
  person.the(at.entry).evaluateAll((rows) => rows.map((row) => row.id));

async function seesEachThingOnce(person) {
  const all = await ids(person);
  assert.equal(new Set(all).size, all.length, "an entry is on the page twice");
  await person.sees(at.said);
  await person.sees(at.answer);
}

test("a reload during an answer continues it without duplicates and with correct timers", async () => {
  const { ada, model } = await withAModel();
  await ada.says("Tell me a story");
  const answer = await model.next();
  answer.says("Once upon a time ");
  await ada.sees(at.answerNow);
  const entry = await ada.entryOf("Groq");
  const created = Date.parse(
    (await ada.asks("GET", `/api/work-log/${entry}`)).log.timestamp,
  );
  const secondsUntil = (moment) => (moment - created) / 1000;
  await ada.seesElapsed(entry, 2);
  const before = (await ada.the(at.answer).first().textContent()).length;
  const left = Date.now();
  await ada.reloads();
  await ada.sees(at.answerNow);
  answer.says("there was a lighthouse.");
  await ada.page.waitForFunction(
    ([place, before]) =>
      document.querySelector(place)?.textContent.length > before,
    [at.answer, before],
  );
  const shown = parseInt(await ada.seesElapsed(entry, 0), 10);
  assert.ok(
    shown >= secondsUntil(left) - 1 && shown <= secondsUntil(Date.now()) + 1,
    `the timer says ${shown} s, it was ${secondsUntil(left)} s before the reload`,
  );
  answer.ends();
  await ada.seesAnswers(1);
  await seesEachThingOnce(ada);
  const whole = "Once upon a time there was a lighthouse.";
  const said = () => ada.the(`${at.answer} .prose`).textContent();
  assert.equal((await said()).trim(), whole);
  await ada.reloads();
  await ada.sees(at.answerDone);
  assert.equal((await said()).trim(), whole);
  await seesEachThingOnce(ada);
  await ada.leaves();
});

test("a second tab and another device see the same work live", async () => {
  const { ada, model } = await withAModel();
  await ada.says("Tell me a story");
  const answer = await model.next();
  answer.says("Once upon a time ");
  const tab = await ada.opensSecondTab();
  const tablet = await elsewhere(ada);
  await tablet.visits(`/c/${ada.conversation}`);
  const readers = [ada, tab, tablet];
  for (const reader of readers) await reader.sees(at.answerNow);
  answer.says("there was a lighthouse.");
  answer.ends();
  for (const reader of readers) {
    await reader.seesAnswers(1);
    await seesEachThingOnce(reader);
  }
  const texts = await Promise.all(
    readers.map((reader) => reader.the(`${at.answer} .prose`).textContent()),
  );
  assert.match(texts[0], /time there was a lighthouse\.\s*$/);
  assert.equal(new Set(texts).size, 1, "the readers see different answers");
  await tablet.says("Paint a tree");
  await model.calls("generate_image", { prompt: "tree" });
  await model.says("Here you are.");
  for (const reader of readers) {
    await reader.sees(at.picture);
    await reader.seesAnswers(2);
  }
  await tablet.leaves();
  await tab.closesTab();
  await ada.leaves();
});

test("work continues after the tab is closed", async () => {
  const { ada, model } = await withAModel();
  await ada.says("Tell me a story");
  const answer = await model.next();
  answer.says("Once upon a time ");
  await ada.sees(at.answerNow);
  const path = new URL(ada.page.url()).pathname;
  const later = await ada.opensSecondTab("/settings");
  await ada.closesTab();
  await later.visits(path);
  answer.says("there was a lighthouse.");
  answer.ends();
  await later.seesAnswers(1);
  await later.reads(at.answer, "Once upon a time there was a lighthouse.");
  await later.leaves();
});
