import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { aBrowser, aServer, password } from "../world.mjs";

test("the first account is the admin's; users sign out and in, and a restart keeps sessions", async () => {
  const holly = await aServer();
  const ada = await aBrowser(holly);
  await ada.createsFirstAccount("ada@example.org", password);
  assert.equal(
    (await ada.page.request.get("/api/work-log/stats")).status(),
    200,
    "only an admin may read the totals",
  );

  await ada.visits("/settings");
  await ada.the(at.signOut).click();
  await ada.page.waitForURL("**/sign-in");
  await ada.page.goto("/");
  assert.equal(new URL(ada.page.url()).pathname, "/sign-in");

  await ada.signsIn("Ada@Example.org", password);
  await ada.isLive();
  ada.pardons();
  await holly.stops();
  await holly.startsAgain();
  await ada.reloads();
  await ada.reads(".me", "ada@example.org");
  await ada.leaves();
});

test("a wrong password shows an error, and the first account cannot be created twice", async () => {
  const holly = await aServer();
  await holly.knows("ada@example.org", password);
  const stranger = await aBrowser(holly);
  await stranger.visits("/welcome");
  assert.equal(new URL(stranger.page.url()).pathname, "/sign-in");
  await stranger.the(at.email).fill("ada@example.org");
  await stranger.the(at.password).fill("something else");
  await stranger.the(at.submit).click();
  await stranger.sees(at.trouble);
  await stranger.leaves();
});
