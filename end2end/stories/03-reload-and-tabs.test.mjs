import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import { elsewhere, somebody } from "../world.mjs";

const ids = (person) =>
  person.the(at.entry).evaluateAll((rows) => rows.map((row) => row.id));

async function seesEachThingOnce(person) {
  const all = await ids(person);
  assert.equal(new Set(all).size, all.length, "an entry is on the page twice");
  await person.sees(at.said);
  await person.sees(at.answer);
}

test("a reload in the middle of an answer goes on where it was, with nothing twice and timers right", async () => {
  const ada = await somebody();
  await ada.says("Slowly tell me something");
  await ada.sees(at.answerNow);
  const entry = await ada.entryOf("Demo");
  const created = (await ada.asks("GET", `/api/work-log/${entry}`)).log
    .timestamp;
  const before = (await ada.the(at.answer).first().textContent()).length;
  await ada.reloads();
  await ada.sees(at.answerNow);
  await ada.page.waitForFunction(
    ([place, before]) =>
      document.querySelector(place)?.textContent.length > before,
    [at.answer, before],
  );
  const shown = Number.parseInt(
    await ada.the(`${entryAt(entry)} ${at.elapsed}`).textContent(),
    10,
  );
  const real = (Date.now() - Date.parse(created)) / 1000;
  assert.ok(
    Math.abs(shown - real) <= 2,
    `the timer says ${shown} s, it is ${real} s`,
  );
  await ada.seesAnswers(1);
  await seesEachThingOnce(ada);
  const whole = await ada.the(at.answer).textContent();
  assert.equal(whole.match(/You wrote/g).length, 1);
  await ada.reloads();
  await ada.reads(
    at.answer,
    "Give Holly a real model and it answers for itself.",
  );
  await seesEachThingOnce(ada);
  await ada.leaves();
});

test("a second tab and another device see the same work live", async () => {
  const ada = await somebody();
  await ada.says("Slowly tell me something");
  const tab = await ada.opensSecondTab();
  const tablet = await elsewhere(ada);
  await tablet.visits(`/c/${ada.conversation}`);
  for (const reader of [ada, tab, tablet]) await reader.sees(at.answerNow);
  for (const reader of [ada, tab, tablet]) {
    await reader.seesAnswers(1);
    await seesEachThingOnce(reader);
  }
  const texts = await Promise.all(
    [ada, tab, tablet].map((reader) =>
      reader.the(`${at.answer} .prose`).textContent(),
    ),
  );
  assert.equal(new Set(texts).size, 1, "the readers see different answers");
  await tablet.says("Paint a tree");
  for (const reader of [ada, tab, tablet]) {
    await reader.sees(at.picture);
    await reader.seesAnswers(2);
  }
  await tablet.leaves();
  await tab.closesTab();
  await ada.leaves();
});

test("closing the tab does not end the work", async () => {
  const ada = await somebody();
  await ada.says("Slowly tell me something");
  await ada.sees(at.answerNow);
  const path = new URL(ada.page.url()).pathname;
  const later = await ada.opensSecondTab("/settings");
  await ada.closesTab();
  await later.visits(path);
  await later.seesAnswers(1);
  await later.reads(at.answer, "it answers for itself");
  await later.leaves();
});
