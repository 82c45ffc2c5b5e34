import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { aServer, somebody, withAModel } from "../world.mjs";

/** Presses Tab until the focused element matches. */
async function tabsTo(person, place) {
  for (let presses = 0; presses < 60; presses += 1) {
    await person.page.keyboard.press("Tab");
    if (
      await person.page.evaluate(
        (place) => document.activeElement.matches(place),
        place,
      )
    )
      return;
  }
  assert.fail(`the keyboard does not lead to ${place}`);
}

/** Records everything the status region announces from now on. */
const listens = (person) =>
  person.page.evaluate((place) => {
    window.heard = [];
    const region = document.querySelector(place);
    const note = () => window.heard.push(region.textContent.trim());
    new MutationObserver(note).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  }, at.announcements);

test("sending, opening an entry and stopping work with the keyboard alone", async () => {
  const { ada, model } = await withAModel();
  const { keyboard } = ada.page;
  await tabsTo(ada, ".skip");
  await keyboard.press("Enter");
  await keyboard.type("Hello");
  await keyboard.press("Shift+Enter");
  await keyboard.type("there");
  await keyboard.press("Enter");
  await model.says("Hello to you.");
  await ada.arrives();
  await ada.seesAnswers(1);
  assert.equal(await ada.the(at.said).textContent(), "You said: Hello\nthere");

  await tabsTo(ada, `${at.entry} > summary`);
  await keyboard.press("Enter");
  await ada.sees(at.details);
  await keyboard.press("Space");
  await ada.sees(at.details, 0);

  await ada.the(at.message).focus();
  await keyboard.type("Tell me a story");
  await keyboard.press("Enter");
  (await model.next()).says("Once upon a time ");
  await ada.sees(at.answerNow);
  await tabsTo(ada, at.stop);
  await keyboard.press("Enter");
  await ada.reads(at.ended, /^Stopped$/);
  await ada.leaves();
});

test("screen readers hear starts and ends, not ticks, tokens or progress", async () => {
  const holly = await aServer({ pace: 0.3 });
  const ada = await somebody({ holly });
  await ada.says("Hello");
  await ada.seesAnswers(1);
  assert.equal(await ada.the(at.log).getAttribute("aria-live"), "off");
  await listens(ada);
  await ada.says("Make a slow film of rain");
  await ada.seesAnswers(2);
  await ada.says("Let everything fail");
  await ada.sees(at.tryAgain);
  await ada.page.waitForFunction(() =>
    window.heard.some((text) => text.includes("No answer could be had")),
  );
  const heard = await ada.page.evaluate(() => window.heard);
  const said = heard.join("\n");
  for (const words of [
    /film.*: Working/i,
    /film.*: Done/i,
    /Answer ready/,
    /: Failed/,
    /No answer could be had/,
  ])
    assert.match(said, words);
  assert.doesNotMatch(said, /\d+ %|\b\d+ s\b|Here it is/);
  assert.ok(heard.length <= 20, `${heard.length} announcements:\n${said}`);
  await ada.leaves();
});

/** The focused element, if it matches. */
const hasFocus = (person, place) =>
  person.page.waitForFunction(
    (place) => document.activeElement.matches(place),
    place,
  );

test("menu and dialogs of a conversation work with the keyboard, one at a time, and return focus", async () => {
  const ada = await somebody();
  const { keyboard } = ada.page;
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const opensMenu = async () => {
    await ada.the(at.talkMenu).focus();
    await keyboard.press("Enter");
    await ada.sees(at.openMenu);
  };
  await opensMenu();
  await keyboard.press("Escape");
  await ada.sees(at.openMenu, 0);
  await hasFocus(ada, at.talkMenu);

  await opensMenu();
  await tabsTo(ada, at.removeThis);
  await keyboard.press("Tab");
  await ada.sees(at.openMenu, 0);

  await opensMenu();
  await ada.the(at.scroll).click();
  await ada.sees(at.openMenu, 0);

  for (const [tool, first, stops] of [
    [at.renameThis, at.renameField, 3],
    [at.removeThis, at.keepIt, 2],
  ]) {
    await opensMenu();
    await tabsTo(ada, tool);
    await keyboard.press("Enter");
    await ada.sees(at.dialog);
    await ada.sees(at.openMenu, 0);
    await hasFocus(ada, first);
    await keyboard.press("Escape");
    await ada.sees(at.dialog, 0);
    await hasFocus(ada, at.talkMenu);

    await opensMenu();
    await ada.the(tool).click();
    await hasFocus(ada, first);
    for (let stop = 0; stop < stops; stop += 1) await keyboard.press("Tab");
    await ada.sees(at.dialog, 0);
  }

  await opensMenu();
  await tabsTo(ada, at.keepThis);
  await keyboard.press("Enter");
  await ada.sees(at.keptTalk);
  await ada.sees(at.openMenu, 0);
  await hasFocus(ada, at.talkMenu);
  await ada.the(at.talkMenu).click();
  await ada.the(at.renameThis).click();
  await ada.sees(at.dialog);
  await ada.screenshot("rename");
  await ada.the(at.renameField).fill("Greetings");
  await ada.the(at.confirmRename).click();
  await ada.reads(at.title, /^Greetings$/);
  await ada.sees(at.dialog, 0);
  await hasFocus(ada, at.talkMenu);
  await ada.leaves();
});

test("without JavaScript the menu is hidden behind the dialog it opened", async () => {
  const ada = await somebody({ javaScriptEnabled: false });
  const { conversation } = await ada.asks("POST", "/api/conversations", {
    title: "Lamp oil",
  });
  await ada.visits(`/c/${conversation.id}`);
  await ada.the(at.talkMenu).click();
  await ada.sees(at.openMenu);
  await ada.the(at.renameThis).click();
  await ada.sees(at.dialog);
  assert.equal(await ada.the(at.openMenu).isVisible(), false);
  await ada.leaves();
});
