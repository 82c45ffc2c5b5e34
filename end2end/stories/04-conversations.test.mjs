import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { somebody } from "../world.mjs";

test("a conversation is titled by its first message, renamed and deleted, live in another tab", async () => {
  const ada = await somebody();
  await ada.says(
    "Hello **there**, please tell me what you can do for me on a rainy day",
  );
  await ada.seesAnswers(1);
  const title = await ada.the(at.title).textContent();
  assert.match(title, /^Hello there, please tell me what you can do/);
  assert.ok(title.length <= 52, title);
  await ada.reads(at.current, title);

  const tab = await ada.opensSecondTab("/");
  await tab.sees(at.talk);
  await ada.the(at.talk).hover();
  await ada.the(at.rename).click();
  await ada.the(at.renameField).fill("A rainy day");
  await ada.the(at.renameField).press("Enter");
  for (const reader of [ada, tab])
    await reader.reads(at.talkLink, /^A rainy day$/);
  await ada.reads(at.title, /^A rainy day$/);

  await ada.the(at.talk).hover();
  await ada.the(at.remove).click();
  await ada.reads(at.dialog, "Delete “A rainy day”?");
  await ada.page.keyboard.press("Escape");
  await ada.sees(at.dialog, 0);
  await ada.sees(at.talk);
  await ada.the(at.talk).hover();
  await ada.the(at.remove).click();
  await ada.the(at.confirmDelete).click();
  await ada.page.waitForURL((url) => url.pathname === "/");
  await ada.isAwake();
  for (const reader of [ada, tab]) await reader.sees(at.talk, 0);
  await ada.leaves();
});

test("a conversation deleted in one tab closes in the other", async () => {
  const ada = await somebody();
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const tab = await ada.opensSecondTab("/");
  await tab.the(at.talk).hover();
  await tab.the(at.remove).click();
  await tab.the(at.confirmDelete).click();
  await ada.page.waitForURL((url) => url.pathname === "/");
  await ada.isAwake();
  await ada.sees(at.talk, 0);
  await ada.leaves();
});

test("a suggested prompt starts a conversation, and both are in the list", async () => {
  const ada = await somebody();
  await ada.the(at.prompt).filter({ hasText: "Show me a fallback" }).click();
  await ada.arrives();
  await ada.seesAnswers(1);
  await ada.the(at.newTalk).click();
  await ada.page.waitForURL((url) => url.pathname === "/");
  await ada.isAwake();
  await ada.says("Hello again");
  await ada.seesAnswers(1);
  await ada.sees(at.talk, 2);
  await ada.reads(at.current, "Hello again");
  await ada.leaves();
});

test("on a phone the conversations are in a drawer, and nothing overflows the screen", async () => {
  const ada = await somebody({ viewport: { width: 375, height: 812 } });
  await ada.says("Paint a lighthouse at dusk");
  await ada.seesAnswers(1);
  await ada.sees(at.side, 0);
  await ada.the(at.menu).click();
  await ada.sees(at.side);
  await ada.screenshot("drawer-light-phone");
  await ada.page.keyboard.press("Escape");
  await ada.sees(at.side, 0);
  await ada.the(at.menu).click();
  await ada.the(at.newTalk).click();
  await ada.page.waitForURL((url) => url.pathname === "/");
  await ada.isAwake();
  await ada.the(at.menu).click();
  await ada.the(at.talkLink).click();
  await ada.arrives();
  const overflow = await ada.page.evaluate(
    () =>
      document.documentElement.scrollWidth -
      document.documentElement.clientWidth,
  );
  assert.equal(overflow, 0);
  await ada.screenshot("done-light-phone");
  await ada.leaves();
});
