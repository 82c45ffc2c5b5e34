import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import { aServer, elsewhere, somebody } from "../world.mjs";

let talk;

/**
 * A user whose conversation has far more rows than a page shows; `ids` are those of its notes,
 * oldest first. All stories share it, each on its own device.
 */
async function aTalker(options) {
  talk ??= aLongTalk();
  const { owner, conversation, ids } = await talk;
  const ada = await elsewhere(owner, options);
  await ada.visits(`/c/${conversation}`);
  return { ada, ids };
}

async function aLongTalk() {
  const holly = await aServer({ env: { HOLLY_RATE_LIMIT_PER_MINUTE: "0" } });
  const ada = await somebody({ holly });
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const ids = [];
  for (let n = 0; n < 430; n += 1) {
    const note = {
      logType: "info",
      status: "warning",
      title: `Note: ${n}`,
      conversationId: ada.conversation,
    };
    ids.push((await ada.asks("POST", "/api/work-log/create", note)).log.id);
  }
  const { conversation } = ada;
  await ada.leaves();
  return { owner: ada, conversation, ids };
}

const shown = (person) =>
  person
    .the(at.entry)
    .evaluateAll((rows) => rows.map((row) => row.id.replace("entry-", "")));

test("scrolling up loads older rows to the beginning while new ones arrive, without gaps or repeats", async () => {
  const { ada, ids } = await aTalker();
  assert.deepEqual(await shown(ada), ids.slice(-200));
  const patched = { title: "Note: changed", metadata: { by: "hand" } };
  await ada.asks("PATCH", `/api/work-log/${ids[100]}`, patched);
  const late = {
    logType: "info",
    status: "warning",
    title: "Note: new",
    conversationId: ada.conversation,
  };
  ids.push((await ada.asks("POST", "/api/work-log/create", late)).log.id);
  await ada.the(entryAt(ids.at(-1))).waitFor({ state: "attached" });
  assert.deepEqual(
    await shown(ada),
    ids.slice(-201),
    "what changed out of sight stays out of sight",
  );
  const before = await ada
    .the(entryAt(ids.at(-201)))
    .evaluate((row) => row.getBoundingClientRect().top);
  assert.ok(before < 0);
  while ((await ada.the(at.older).count()) > 0) {
    await ada.the(at.scroll).evaluate((list) => list.scrollTo(0, 0));
    await ada.page.evaluate(
      () => new Promise((passed) => requestAnimationFrame(passed)),
    );
  }
  const notes = (await shown(ada)).filter((id) => ids.includes(id));
  assert.deepEqual(notes, ids);
  await ada.sees(at.said);
  await ada.reads(`${entryAt(ids[100])} ${at.entryTitle}`, "Note: changed");
  await ada.leaves();
});

test("a link to an old entry opens it in context, and the latest rows are one click away", async () => {
  const { ada, ids } = await aTalker();
  const talk = `/c/${ada.conversation}`;
  await ada.visits("/history");
  await ada.visits(`${talk}#entry-${ids[100]}`);
  await ada.page.waitForURL(`**${talk}?around=${ids[100]}#entry-${ids[100]}`);
  await ada.isAwake();
  await ada.page.waitForFunction(
    (place) => document.querySelector(place).open,
    entryAt(ids[100]),
  );
  assert.deepEqual(await shown(ada), ids.slice(0, 200));
  assert.ok(await ada.the(`${entryAt(ids[100])}:target`).isVisible());
  const late = {
    logType: "info",
    status: "warning",
    title: "Note: new",
    conversationId: ada.conversation,
  };
  ids.push((await ada.asks("POST", "/api/work-log/create", late)).log.id);
  await ada.the(at.later).first().click();
  await ada.page.waitForURL(`**${talk}?from=${ids[200]}`);
  assert.deepEqual(await shown(ada), ids.slice(200, 400));
  await ada.the(at.later).last().click();
  await ada.page.waitForURL(`**${talk}`);
  await ada.isAwake();
  assert.deepEqual(await shown(ada), ids.slice(-200));
  await ada.leaves();
});

test("without JavaScript older rows are on the next page", async () => {
  const { ada: plain, ids } = await aTalker({ javaScriptEnabled: false });
  assert.deepEqual(await shown(plain), ids.slice(-200));
  await plain.the(at.older).click();
  await plain.page.waitForURL("**?before=*");
  assert.deepEqual(await shown(plain), ids.slice(-400, -200));
  await plain.leaves();
});
