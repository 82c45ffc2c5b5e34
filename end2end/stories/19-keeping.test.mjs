import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import {
  aBrowser,
  anEmail,
  aServer,
  elsewhere,
  password,
  somebody,
} from "../world.mjs";

const day = 86_400_000;

/** Runs retention as if `days` days had passed. */
const runsAfter = (holly, days) =>
  holly.runs([
    "retention",
    "run",
    "--as-of",
    new Date(Date.now() + days * day).toISOString(),
    "--allow-future",
    "--confirm-clock",
  ]);

/** A user with a conversation that has one archived entry. */
async function aKeeper(options) {
  const holly = await aServer();
  const ada = await somebody({ holly, ...options });
  const { conversation } = await ada.asks("POST", "/api/conversations", {
    title: "Lamp oil",
  });
  const note = (title) => ({
    logType: "info",
    status: "info",
    title,
    conversationId: conversation.id,
    details: "Two litres.",
  });
  const old = (
    await ada.asks("POST", "/api/work-log/create", note("Lamp oil, long ago"))
  ).log.id;
  await runsAfter(holly, 45);
  const late = (
    await ada.asks("POST", "/api/work-log/create", note("Lamp oil, today"))
  ).log.id;
  await ada.visits(`/c/${conversation.id}`);
  return { holly, ada, talk: conversation.id, old, late };
}

async function opens(person, id) {
  if (!(await person.the(entryAt(id)).isVisible()))
    await person.the(`${at.folded}:not([open]) > summary`).first().click();
  if (!(await person.the(`${entryAt(id)} .more`).isVisible()))
    await person.opensEntry(id);
}

for (const javaScriptEnabled of [true, false]) {
  test(`a conversation is kept and released from its menu, shown on every entry in every tab: ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
    const { holly, ada, talk, old, late } = await aKeeper({
      javaScriptEnabled,
    });
    await opens(ada, late);
    assert.match(
      await ada.the(`${entryAt(late)} ${at.until}`).textContent(),
      /^Kept until /,
    );
    const other = javaScriptEnabled ? await ada.opensSecondTab() : null;
    const tabs = [ada, other].filter(Boolean);
    const everyTabReads = async (ids, words) => {
      for (const tab of tabs) {
        for (const id of ids) {
          await opens(tab, id);
          await tab.reads(`${entryAt(id)} ${at.until}`, words);
        }
      }
    };
    await everyTabReads([old, late], /Kept until /);
    await ada.the(at.talkMenu).click();
    await ada.the(at.keepThis).click();
    for (const tab of tabs) await tab.sees(at.keptTalk);
    await everyTabReads([old, late], /Kept with its conversation$/);
    await ada.screenshot(`kept-${javaScriptEnabled ? "live" : "plain"}`);
    await runsAfter(holly, 200);
    await ada.reloads();
    const { logs } = await ada.asks(
      "GET",
      `/api/work-log/list?conversationId=${talk}`,
    );
    assert.deepEqual(
      logs.map((log) => `${log.title}: ${log.storageStatus}`),
      ["Lamp oil, today: archived", "Lamp oil, long ago: archived"],
    );
    await ada.the(at.talkMenu).click();
    await ada.the(at.letThisExpire).click();
    for (const tab of tabs) await tab.sees(at.keptTalk, 0);
    await everyTabReads([late], /Kept until /);
    await runsAfter(holly, 200);
    await ada.reloads();
    assert.equal(await ada.the(at.entry).count(), 0);
    await other?.closesTab();
    await ada.leaves();
    await holly.isGone();
  });
}

test("deleting an entry or a conversation shows a receipt", async () => {
  const { holly, ada, old, late } = await aKeeper();
  await opens(ada, old);
  await ada.the(`${entryAt(old)} ${at.removeEntry}`).click();
  await ada.the(`${entryAt(old)} ${at.removeForGood}`).click();
  await ada.reads(
    at.receipt,
    "Deleted for good, from every tier: 1 entry (1 from the archive).",
  );
  await ada.the(entryAt(old)).waitFor({ state: "detached" });
  assert.equal(await ada.the(entryAt(late)).count(), 1);
  await ada.screenshot("receipt");
  await ada.the(at.talkMenu).click();
  await ada.the(at.removeThis).click();
  await ada.the(at.confirmDelete).click();
  await ada.page.waitForURL((url) => url.pathname === "/");
  await ada.reads(
    at.receipt,
    "Deleted for good, from every tier: 1 conversation and 1 entry.",
  );
  await ada.leaves();
  await holly.isGone();
});

test("an admin places a hold, another sees the reason, and nothing held is deleted until release", async () => {
  const { holly, ada, old } = await aKeeper();
  const [admin, other] = [anEmail(), anEmail()];
  for (const email of [admin, other])
    await holly.runs(["user", "add", email, "--admin"], `${password}\n`);
  const eve = await aBrowser(holly, { javaScriptEnabled: false });
  await eve.signsIn(admin, password);
  await eve.visits("/stats");
  await eve.the('a[href="/holds"]').click();
  await eve.the('input[name="email"]').fill(ada.email);
  await eve.the('input[name="conversation"]').fill(ada.page.url());
  await eve.the('input[name="reason"]').fill("Case 17");
  await eve.the('form[action$="holds/place"] button').click();
  await eve.reads("tbody", "Case 17");
  await eve.screenshot("holds");
  const bob = await aBrowser(holly);
  await bob.signsIn(other, password);
  await bob.visits("/holds");
  await bob.reads("tbody", new RegExp(`${ada.email}.*Case 17.*${admin}`));
  await ada.reloads();
  await opens(ada, old);
  await ada.reads(`${entryAt(old)} ${at.until}`, "On hold: an admin keeps it");
  ada.pardons(/409/);
  await ada.the(`${entryAt(old)} ${at.removeEntry}`).click();
  await ada.the(`${entryAt(old)} ${at.removeForGood}`).click();
  await ada.reads(`${entryAt(old)} ${at.trouble}`, "on hold");
  await runsAfter(holly, 200);
  assert.equal(
    (await ada.asks("GET", `/api/work-log/${old}`)).log.keptBy,
    "hold",
  );
  await bob.the('form[action$="holds/release"] button').click();
  await bob.reads(".panel", "Nothing is on hold.");
  await runsAfter(holly, 200);
  await ada.reloads();
  assert.equal(await ada.the(at.entry).count(), 0);
  for (const person of [ada, bob, eve]) await person.leaves();
  await holly.isGone();
});

test("with the archive unreachable a conversation is partial, and a retry loads the rest", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { holly, ada, old, late } = await aKeeper({ javaScriptEnabled });
    await holly.stops();
    const folder = join(holly.data, "archive");
    renameSync(join(folder, "work-log"), join(folder, "away"));
    await holly.startsAgain();
    await ada.reloads();
    await ada.reads(at.gap, "1 older entry is in the archive");
    assert.deepEqual(
      [
        await ada.the(entryAt(late)).count(),
        await ada.the(entryAt(old)).count(),
      ],
      [1, 0],
    );
    await ada.screenshot(`gap-${javaScriptEnabled ? "live" : "plain"}`);
    renameSync(join(folder, "away"), join(folder, "work-log"));
    await ada.the(`${at.gap} a`).click();
    await ada.the(entryAt(old)).waitFor({ state: "attached" });
    assert.equal(await ada.the(at.gap).count(), 0);
    ada.pardons();
    await ada.leaves();
    await holly.isGone();
  }
});

test("a user exports messages and work, deletes the account and gets a receipt", async () => {
  const { holly, ada } = await aKeeper();
  await ada.visits("/");
  await ada.says("Paint a lighthouse at dusk");
  await ada.seesAnswers(1);
  const taken = async (place) => {
    const [download] = await Promise.all([
      ada.page.waitForEvent("download"),
      ada.the(place).click(),
    ]);
    return readFileSync(await download.path(), "utf8");
  };
  await ada.the(at.talkMenu).click();
  const one = await taken(at.exportThis);
  assert.ok(
    one.includes("Paint a lighthouse at dusk") &&
      one.includes("Image") &&
      !one.includes("Lamp oil"),
    one,
  );
  await ada.visits("/settings");
  const all = await taken(at.exportAll);
  for (const part of [
    "Paint a lighthouse at dusk",
    "Lamp oil, long ago",
    "Lamp oil, today",
    ".svg",
  ])
    assert.ok(all.includes(part), part);
  await ada.the(at.eraseAccount).click();
  await ada.the("#your-data input").fill(password);
  await ada.the(at.erase).click();
  await ada.page.waitForURL(/\/welcome\?erased=/);
  await ada.reads(
    at.receipt,
    /^Deleted for good, from every tier: 2 conversations, 2 messages, \d+ entries \(1 from the archive\) and 1 file\.$/,
  );
  await ada.screenshot("erased");
  await ada.leaves();
  await holly.isGone();
});

test("the level of detail is chosen per device and applied without flicker", async () => {
  const ada = await somebody({ javaScriptEnabled: false });
  await ada.the(at.message).fill("Paint a lighthouse at dusk with a fallback");
  await ada.the(at.send).click();
  await ada.page.waitForURL("**/c/*");
  await ada.untilReloadShows(at.folded);
  const talk = new URL(ada.page.url()).pathname;
  const visible = async (person, place) =>
    person
      .the(place)
      .evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
  const chooses = async (level) => {
    await ada.visits("/settings");
    await ada.the(at.detail(level)).check();
    await ada.the(at.saveDetail).click();
    await ada.page.waitForURL((url) => url.search === "?changed=detail");
    await ada.visits(talk);
    await ada.screenshot(`detail-${level}`);
  };
  const all = await ada.the(at.entry).count();
  await chooses("quiet");
  assert.ok(
    (await visible(ada, at.entry)) > 0 &&
      (await visible(ada, `${at.entry}[data-status="success"]`)) === 0,
  );
  assert.equal(await visible(ada, at.folded), 0);
  assert.equal(await visible(ada, at.answer), 1);
  await chooses("all");
  assert.equal(await visible(ada, `${at.entry}[open]`), all);
  assert.equal(await ada.the(at.folded).count(), 0);
  const live = await elsewhere(ada);
  await live.context.addCookies([
    { name: "detail", value: "all", url: ada.holly.url },
  ]);
  await live.visits(talk);
  const first = live.the(at.entry).first();
  await first.locator(at.summary).click();
  await live.says("Hello");
  await live.seesAnswers(2);
  assert.equal(
    await first.evaluate((entry) => entry.open),
    false,
    "what its reader closed stays closed",
  );
  const entries = await live.the(at.entry).count();
  assert.equal(
    await live.the(`${at.entry}[open]`).count(),
    entries - 1,
    "what comes new is open",
  );
  await live.leaves();
  await ada.leaves();
});

test("a picture that loads late keeps the chat scrolled to the end", async () => {
  const ada = await somebody();
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="1800"><rect width="600" height="1800"/></svg>`;
  let arrives;
  const late = new Promise((passed) => (arrives = passed));
  await ada.page.route("**/files/*", async (route) => {
    await late;
    await route.fulfill({ contentType: "image/svg+xml", body: svg });
  });
  await ada.says("Paint a lighthouse at dusk");
  await ada.seesAnswers(2);
  const fromEnd = () =>
    ada
      .the(at.scroll)
      .evaluate(
        (list) => list.scrollHeight - list.scrollTop - list.clientHeight,
      );
  const before = await ada.the(at.scroll).evaluate((list) => list.scrollHeight);
  assert.ok((await fromEnd()) <= 48);
  arrives();
  await ada.page.waitForFunction(
    ([place, before]) =>
      document.querySelector(place).scrollHeight > before + 300,
    [at.scroll, before],
  );
  await ada.page.waitForFunction((place) => {
    const list = document.querySelector(place);
    return list.scrollHeight - list.scrollTop - list.clientHeight <= 48;
  }, at.scroll);
  await ada.leaves();
});

test("scrolling back through a long conversation loads archived entries", async () => {
  const holly = await aServer({ env: { HOLLY_RATE_LIMIT_PER_MINUTE: "0" } });
  const ada = await somebody({ holly });
  const { conversation } = await ada.asks("POST", "/api/conversations", {
    title: "A long one",
  });
  const ids = [];
  const notes = async (count) => {
    for (let n = 0; n < count; n += 1) {
      const note = {
        logType: "info",
        status: "warning",
        title: `Note ${ids.length}`,
        conversationId: conversation.id,
      };
      ids.push((await ada.asks("POST", "/api/work-log/create", note)).log.id);
    }
  };
  await notes(150);
  await runsAfter(holly, 45);
  await notes(210);
  await ada.visits(`/c/${conversation.id}`);
  assert.deepEqual(
    [await ada.the(at.entry).count(), await ada.the(at.tier).count()],
    [200, 0],
  );
  await ada.the(at.scroll).evaluate((list) => list.scrollTo(0, 0));
  await ada.the(entryAt(ids[0])).waitFor({ state: "attached" });
  assert.deepEqual(
    [await ada.the(at.entry).count(), await ada.the(at.tier).count()],
    [360, 150],
  );
  assert.equal(
    await ada.the(`${entryAt(ids[0])} ${at.tier}`).textContent(),
    "from the archive",
  );
  await ada.leaves();
  await holly.isGone();
});

test("a link to a deleted entry says so and loads the page once", async () => {
  const { holly, ada, talk, late } = await aKeeper();
  await ada.asks("DELETE", `/api/work-log/${late}`);
  await ada.visits("/");
  await ada.visits(`/c/${talk}#entry-${late}`);
  await ada.reads(at.receipt, "What this link led to is no longer there.");
  await ada.isLive();
  let loads = 0;
  ada.page.on("framenavigated", () => (loads += 1));
  await ada.asks("POST", "/api/work-log/create", {
    logType: "info",
    status: "info",
    title: "Lamp oil, again",
    conversationId: talk,
  });
  await ada.page.getByText("Lamp oil, again").first().waitFor();
  assert.equal(loads, 0);
  assert.equal(new URL(ada.page.url()).search, `?around=${late}`);
  await ada.leaves();
  await holly.isGone();
});
