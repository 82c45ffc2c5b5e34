import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { aServer, somebody, withAModel } from "../world.mjs";

const written = (person, title) => ({
  logType: "info",
  status: "success",
  title,
  conversationId: person.conversation,
});

test("the page shows that it is offline and catches up when the network is back", async () => {
  const ada = await somebody();
  await ada.says("Hello");
  await ada.seesAnswers(1);
  await ada.isLive();
  await ada.goesOffline();
  await ada.reads(at.connectionWord, /^Offline$/);
  await ada.screenshot("offline-light-wide");
  await ada.asks(
    "POST",
    "/api/work-log/create",
    written(ada, "Written meanwhile"),
  );
  await ada.backOnline();
  await ada.isLive();
  await ada.entryOf("Written meanwhile");
  await ada.leaves();
});

test("the page reconnects to a restarted server and misses nothing", async () => {
  const holly = await aServer();
  const ada = await somebody({ holly });
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const tab = await ada.opensSecondTab();
  for (const reader of [ada, tab]) {
    await reader.isLive();
    reader.pardons();
  }
  await holly.isKilled();
  for (const reader of [ada, tab]) {
    await reader.reads(at.connectionWord, /^Reconnecting$/);
    await reader.sees(at.retryConnection);
  }
  await holly.startsAgain();
  await ada.asks(
    "POST",
    "/api/work-log/create",
    written(ada, "Written before anybody was back"),
  );
  for (const reader of [ada, tab]) {
    await reader.entryOf("Written before anybody was back");
    await reader.isLive();
  }
  await ada.says("And now?");
  for (const reader of [ada, tab]) await reader.seesAnswers(2);
  await ada.leaves();
});

test("work of a killed server is settled", async () => {
  const { ada, holly, model } = await withAModel();
  await ada.says("Tell me a story");
  (await model.next()).says("Once upon a time ");
  await ada.sees(at.answerNow);
  ada.pardons();
  await holly.isKilled();
  await holly.startsAgain();
  await ada.reads(at.ended, /^Interrupted$/);
  await ada.reads(at.entryWord, /^Interrupted$/);
  await ada.sees(at.working, 0);
  await ada.sees(at.send);
  await ada.leaves();
});

test("a message that could not be sent is restored with the reason and can be sent later", async () => {
  const ada = await somebody();
  await ada.says("Hello");
  await ada.seesAnswers(1);
  await ada.goesOffline();
  await ada.says("Are you there?");
  await ada.sees(at.trouble);
  assert.equal(await ada.the(at.message).inputValue(), "Are you there?");
  await ada.backOnline();
  await ada.the(at.send).click();
  await ada.seesAnswers(2);
  await ada.sees(at.said, 2);
  await ada.leaves();
});

test("eight tabs share one stream, and another takes over when its tab closes", async () => {
  const holly = await aServer();
  const ada = await somebody({ holly });
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const tabs = [];
  while (tabs.length < 7) tabs.push(await ada.opensSecondTab());
  for (const reader of [ada, ...tabs]) await reader.isLive();
  await holly.reaches("holly_streams", 1);
  await ada.asks("POST", "/api/work-log/create", written(ada, "For all eight"));
  for (const reader of [ada, ...tabs]) await reader.entryOf("For all eight");
  await ada.closesTab();
  const [heir] = tabs;
  await heir.asks(
    "POST",
    "/api/work-log/create",
    written(heir, "For the seven that are left"),
  );
  for (const reader of tabs) {
    await reader.entryOf("For the seven that are left");
    await reader.isLive();
  }
  await holly.reaches("holly_streams", 1);
  for (const tab of tabs) tab.isContent();
  await heir.leaves();
});
