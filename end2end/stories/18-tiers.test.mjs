import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import { aBrowser, anEmail, aServer, password, somebody } from "../world.mjs";

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

test("entries of 1, 10, 45 and 100 days are hot, warm, cold and deleted, and look alike", async () => {
  const holly = await aServer();
  const ada = await somebody({ holly });
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const conversationId = ada.conversation;
  for (const age of [100, 45, 10, 1]) {
    const title = `Lamp oil, ${age} days ago`;
    const data = {
      logType: "info",
      status: "info",
      title,
      details: `Two litres, ${age} days ago.`,
      conversationId,
    };
    await ada.asks("POST", "/api/work-log/create", data);
    await runsAfter(holly, age);
  }
  await ada.reloads();
  const { logs } = await ada.asks(
    "GET",
    `/api/work-log/list?conversationId=${conversationId}`,
  );
  const tiers = logs
    .filter((log) => log.title.startsWith("Lamp oil"))
    .map((log) => `${log.title}: ${log.storageStatus}`);
  assert.deepEqual(tiers, [
    "Lamp oil, 1 days ago: hot",
    "Lamp oil, 10 days ago: warm",
    "Lamp oil, 45 days ago: cold",
  ]);
  for (const age of [1, 10, 45]) {
    const id = await ada.entryOf(`Lamp oil, ${age} days ago`);
    if (!(await ada.the(entryAt(id)).isVisible()))
      await ada.the(`${at.folded}:not([open]) > summary`).first().click();
    await ada.opensEntry(id);
    await ada.reads(`${entryAt(id)} .more`, `Two litres, ${age} days ago.`);
    const archived = await ada.the(`${entryAt(id)} .facts`).textContent();
    assert.equal(/from the archive/.test(archived), age === 45, archived);
  }
  assert.equal(
    await ada.the(at.entryTitle).filter({ hasText: "100 days ago" }).count(),
    0,
  );
  await ada.screenshot("tiers");
  await ada.leaves();
  await holly.isGone();
});

test("an admin reads the stats in light and dark without JavaScript", async () => {
  const holly = await aServer();
  const email = anEmail();
  await holly.runs(["user", "add", email, "--admin"], `${password}\n`);
  for (const [colorScheme, width] of [
    ["light", 1280],
    ["dark", 1280],
    ["light", 375],
  ]) {
    const ada = await aBrowser(holly, {
      colorScheme,
      javaScriptEnabled: false,
      viewport: { width, height: 860 },
    });
    await ada.signsIn(email, password);
    await ada.the(at.message).fill("Paint a lighthouse at dusk");
    await ada.the(at.send).click();
    await ada.page.waitForURL("**/c/*");
    await ada.visits("/stats");
    assert.match(await ada.the("h1").textContent(), /^Stats as of /);
    assert.ok(
      (await ada.the("figure svg, .panel svg, svg[role='img']").count()) > 0,
      "no chart",
    );
    await ada.screenshot(
      `stats-${colorScheme}-${width === 375 ? "phone" : "wide"}`,
    );
    await ada.leaves();
  }
  const looking = await aBrowser(holly);
  await looking.signsIn(email, password);
  await looking.visits("/stats");
  const { violations } = await new AxeBuilder({ page: looking.page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes[0].target}`),
    [],
  );
  await looking.leaves();
  await holly.isGone();
});
