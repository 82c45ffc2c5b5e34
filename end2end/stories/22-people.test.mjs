import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { aBrowser, aModel, aServer, password } from "../world.mjs";

/** An admin on the user administration page of a separate server. */
async function anAdmin({ env, ...options } = {}) {
  const holly = await aServer({ env });
  await holly.runs(
    ["user", "add", "ada@example.org", "--admin"],
    `${password}\n`,
  );
  const ada = await aBrowser(holly, options);
  await ada.signsIn("ada@example.org", password);
  await ada.visits("/settings");
  await ada.the(at.toPeople).click();
  await ada.page.waitForURL("**/settings/people");
  return ada;
}

/** Creates an invitation; resolves to the link that is shown once. */
async function invites(ada, email) {
  await ada.the(at.inviteEmail).fill(email);
  await ada.the(at.invite).click();
  await ada.the(at.freshLink).waitFor();
  const link = await ada.the(at.freshLink).textContent();
  await ada.page.goto("/settings/people");
  assert.equal(
    await ada.the(at.freshLink).count(),
    0,
    "the link is shown once",
  );
  return link;
}

/** Opens the link in a separate browser, sets a password and is signed in. */
async function joins(holly, link, options) {
  const bob = await aBrowser(holly, options);
  await bob.page.goto(link);
  await bob.the(at.password).fill(password);
  await bob.the(at.submit).click();
  await bob.page.waitForURL((url) => url.pathname === "/");
  await bob.isAwake();
  return bob;
}

test("an invited user joins, writes, is disabled and loses access at once", async () => {
  const model = await aModel();
  const ada = await anAdmin({ env: model.env });
  const bob = await joins(ada.holly, await invites(ada, "bob@example.org"));
  await bob.reads(".me", "bob@example.org");
  await bob.says("Tell me a story");
  (await model.next()).says("Once upon a time ");
  await bob.sees(at.answerNow);
  bob.pardons();

  await ada.reloads();
  assert.ok(
    !(await ada.page.textContent("main")).includes("Tell me a story"),
    "an admin sees who is there, not what they write",
  );
  await ada.the(at.disable("bob@example.org")).click();
  await ada.the(at.enable("bob@example.org")).waitFor();
  await bob.reads(at.connectionWord, /signed out/i);
  assert.equal(
    (await bob.page.request.get("/api/conversations")).status(),
    401,
  );
  await bob.page.goto("/");
  assert.equal(new URL(bob.page.url()).pathname, "/sign-in");

  await ada.the(at.enable("bob@example.org")).click();
  await ada.the(at.disable("bob@example.org")).waitFor();
  await bob.signsIn("bob@example.org", password);
  await bob.the(at.talk).first().click();
  await bob.arrives();
  await bob.reads(at.ended, "Stopped");
  await bob.leaves();
  const { violations } = await new AxeBuilder({ page: ada.page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes[0].target}`),
    [],
  );
  await ada.leaves();
});

test("without JavaScript a user is invited, joins, writes, is disabled and deleted with a receipt", async () => {
  const plain = { javaScriptEnabled: false };
  const ada = await anAdmin(plain);
  const link = await invites(ada, "bob@example.org");
  const bob = await joins(ada.holly, link, plain);
  const late = await aBrowser(ada.holly, plain);
  late.pardons(/404 \(Not Found\).*\/join/);
  await late.page.goto(link);
  assert.equal(await late.the(at.password).count(), 0, "a link works once");
  await bob.the(at.message).fill("Hello");
  await bob.the(at.send).click();
  await bob.page.waitForURL("**/c/*");
  await bob.untilReloadShowsAnswers(1);

  await ada.reloads();
  await ada.screenshot("people-light-wide");
  await ada.the(at.disable("bob@example.org")).click();
  await ada.the(at.enable("bob@example.org")).waitFor();
  await bob.page.reload();
  assert.equal(new URL(bob.page.url()).pathname, "/sign-in");

  await ada.the(at.erasePerson("bob@example.org")).click();
  const row = ada.the(at.person).filter({ hasText: "bob@example.org" });
  await row.locator(at.eraseEmail).fill("bob@example.org");
  await row.locator(at.eraseForGood).click();
  await ada.reads(
    at.note,
    /^Deleted for good, from every tier: 1 conversation, 2 messages/,
  );
  assert.equal(
    await ada.the(at.person).filter({ hasText: "bob@example.org" }).count(),
    0,
  );
  for (const person of [ada, bob, late]) await person.leaves();
});
