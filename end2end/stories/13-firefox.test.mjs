import assert from "node:assert/strict";
import { test } from "node:test";
import puppeteer from "puppeteer-core";
import { at, playsAndSeeks } from "../page.mjs";
import { anEmail, password, theServer } from "../world.mjs";
import { patience } from "../person.mjs";

const executablePath = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

test("in Firefox the page hydrates and a message is answered live", async () => {
  const holly = await theServer();
  const email = anEmail();
  await holly.knows(email, password);
  const firefox = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    timeout: patience,
  });
  try {
    const page = await firefox.newPage();
    page.setDefaultTimeout(patience);
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on(
      "console",
      (message) =>
        message.type() === "error" && complaints.push(message.text()),
    );
    const awake = (asleep, island) =>
      document.querySelector(island) && !document.querySelector(asleep);
    const isAwake = () => page.waitForFunction(awake, {}, at.asleep, at.island);
    const reads = (place, words) =>
      page.waitForFunction(
        (place, words) =>
          document.querySelector(place)?.textContent.includes(words),
        {},
        place,
        words,
      );

    await page.goto(`${holly.url}/sign-in`);
    await page.type(at.email, email);
    await page.type(at.password, password);
    await Promise.all([page.waitForNavigation(), page.click(at.submit)]);
    await isAwake();
    await reads(at.connectionWord, "Live");
    await page.type(at.message, "Paint a lighthouse at dusk");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await isAwake();
    await page.waitForSelector(at.answerDone);
    await page.waitForSelector(at.picture);
    await page.waitForSelector(at.send);
    await reads(at.answer, "Here you are");

    await page.type(at.message, "Compose cello music and make a film of rain");
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      (done) => document.querySelectorAll(done).length === 2,
      {},
      at.answerDone,
    );
    await page.waitForSelector(at.send);
    for (const kind of ["audio", "video"])
      assert.ok(await page.$eval(`${at.media} ${kind}`, playsAndSeeks), kind);
    assert.deepEqual(complaints, []);
  } finally {
    await firefox.close();
  }
});
