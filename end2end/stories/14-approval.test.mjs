import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { somebody, withAModel } from "../world.mjs";

test("a writing tool asks first: it is denied in another tab and allowed with the keyboard", async () => {
  const { ada, model } = await withAModel();
  await ada.says("Write a note: buy lamp oil");
  // an approval is announced when it arrives on an open page
  await ada.isLive();
  await model.calls("write_note", { text: "buy lamp oil" });
  await ada.sees(at.question);
  await ada.reads(at.entryWord, /^Waiting for you$/);
  await ada.reads(at.announcements, /Note: buy lamp oil: Waiting for you/);
  assert.match(await ada.the(at.question).textContent(), /text: buy lamp oil/);
  const tab = await ada.opensSecondTab();
  await tab.the(at.deny).click();
  await model.says("No note then.");
  for (const reader of [ada, tab]) {
    await reader.sees(at.question, 0);
    await reader.reads(at.entryWord, /^Denied$/);
    await reader.seesAnswers(1);
  }
  await tab.closesTab();
  await ada.says("Write a note: trim the wick");
  await model.calls("write_note", { text: "trim the wick" });
  await ada.sees(at.question);
  await ada.screenshot("approval-light-wide");
  await ada.page
    .getByRole("button", { name: "Allow once: Note: trim the wick" })
    .focus();
  await ada.page.keyboard.press("Enter");
  await model.says("The note is written.");
  await ada.sees(at.question, 0);
  await ada.seesAnswers(2);
  await ada.sees(at.media);
  await ada.leaves();
});

test("an always allowed tool asks again only after revocation in the settings", async () => {
  const ada = await somebody();
  await ada.says("Write a note: one");
  await ada.the(at.always).click();
  await ada.seesAnswers(1);
  await ada.says("Write a note: two");
  await ada.seesAnswers(2);
  await ada.sees(at.media, 2);
  await ada.visits("/settings");
  await ada.page.getByRole("button", { name: "Ask again: write_note" }).click();
  await ada.reads("main", /will be listed here/);
  await ada.leaves();
});

test("an approval that a key tries to forge stays waiting and the tool does not run", async () => {
  const ada = await somebody();
  const settings = await ada.opensSecondTab("/settings");
  await settings.the(at.keyName).fill("Forger");
  await settings.the(at.makeKey).click();
  await settings.reads(at.freshKey, /^holly_/);
  const key = await settings.the(at.freshKey).textContent();
  const asks = (method, path, body) =>
    fetch(`${ada.holly.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
  await settings.closesTab();

  await ada.says("Write a note: buy lamp oil");
  await ada.sees(at.question);
  const id = (await ada.the(at.question).getAttribute("id")).slice(
    "approval-".length,
  );
  const approval = {
    state: "decided",
    decision: "always",
    by: id,
    at: new Date().toISOString(),
  };
  for (const body of [
    { metadata: { approval } },
    { metadata: { tool: "read_note" } },
    { title: "Note: nothing" },
    { details: "text: nothing" },
    { status: "success" },
  ]) {
    const { status } = await asks("PATCH", `/api/work-log/${id}`, body);
    assert.ok(
      [403, 422].includes(status),
      `${JSON.stringify(body)}: ${status}`,
    );
  }
  const invented = await asks("POST", "/api/work-log/create", {
    logType: "tool_call",
    status: "working",
    title: "Note: invented",
    conversationId: ada.conversation,
    metadata: {
      tool: "write_note",
      approval: { ...approval, state: "waiting" },
    },
  });
  assert.equal(invented.status, 422);
  await ada.reloads();
  await ada.sees(at.question);
  const question = await ada.the(at.question).textContent();
  assert.match(question, /May write_note run\?.*text: buy lamp oil/s);
  await ada.sees(at.media, 0);
  await ada.the(at.deny).click();
  await ada.sees(at.question, 0);
  await ada.reads(at.entryWord, /^Denied$/);
  await ada.seesAnswers(1);
  await ada.sees(at.media, 0);
  await ada.leaves();
});

test("without JavaScript the approval is a form", async () => {
  const ada = await somebody({ javaScriptEnabled: false });
  await ada.the(at.message).fill("Write a note: buy lamp oil");
  await ada.the(at.send).click();
  await ada.untilReloadShows(at.question);
  await ada.the(at.allow).click();
  await ada.untilReloadShowsAnswers(1);
  assert.equal(await ada.the(at.question).count(), 0);
  assert.equal(await ada.the(at.media).count(), 1);
  await ada.leaves();
});
