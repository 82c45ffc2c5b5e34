// A user with a browser, in the verbs of the stories. Any browser error fails the story.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { at, entryAt } from "./page.mjs";

/** Timeout of every wait. */
export const patience = Number(process.env.PATIENCE_MS ?? 60_000);
const pictures = resolve(import.meta.dirname, "../target/end2end");
const unreachable =
  /net::ERR_|Failed to load resource|NetworkError|network error/;

export class Person {
  constructor(context, holly, page) {
    Object.assign(this, { context, holly, page, complaints: [], pardoned: [] });
    page.on("console", (message) => {
      const warned =
        message.type() === "warning" &&
        /no such island|hydrat|Content Security/i.test(message.text());
      if (warned || message.type() === "error")
        this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    // Navigating away quickly skips a view transition, which the browser reports as an error.
    const skipped = (error) => /Transition was skipped/.test(error.message);
    page.on(
      "pageerror",
      (error) =>
        skipped(error) ||
        this.complaints.push(`${error.name}: ${error.message}\n${error.stack}`),
    );
  }

  static async in(context, holly) {
    return new Person(context, holly, await context.newPage());
  }

  /** The locator of a selector. */
  the(place) {
    return this.page.locator(place);
  }

  async visits(path) {
    // a page whose cursor is too old reloads itself, which may abort a navigation
    const again = (error) =>
      /ERR_ABORTED/.test(error.message)
        ? this.page.goto(path)
        : Promise.reject(error);
    const answer = await this.page.goto(path).catch(again);
    assert.ok(answer.ok(), `${path}: ${answer.status()}`);
    await this.isAwake();
  }

  /** Waits until every island of the page is hydrated; without JavaScript none will be. */
  async isAwake() {
    if (this.readsPlainPages) return;
    await this.page.waitForFunction(
      (asleep) =>
        document.readyState === "complete" && !document.querySelector(asleep),
      at.asleep,
    );
  }

  async reloads() {
    await this.page.reload();
    await this.isAwake();
  }

  async createsFirstAccount(email, password) {
    await this.visits("/");
    await this.page.waitForURL("**/welcome");
    await this.entersWith(email, password);
  }

  async signsIn(email, password) {
    await this.visits("/sign-in");
    await this.entersWith(email, password);
  }

  async entersWith(email, password) {
    await this.the(at.email).fill(email);
    await this.the(at.password).fill(password);
    await this.the(at.submit).click();
    await this.page.waitForURL((url) => url.pathname === "/");
    await this.isAwake();
  }

  /**
   * Writes and sends a message; in a new conversation that navigates to the conversation's page.
   */
  async says(text) {
    const begins = new URL(this.page.url()).pathname === "/";
    await this.the(at.message).fill(text);
    await this.the(at.send).click();
    if (begins) await this.arrives();
  }

  /** Waits for the page of a conversation. */
  async arrives() {
    await this.page.waitForURL("**/c/*");
    await this.isAwake();
  }

  /** The id of the open conversation. */
  get conversation() {
    return /\/c\/([0-9a-f-]+)/.exec(this.page.url())?.[1];
  }

  /** Waits until that many elements are visible. */
  async sees(place, count = 1) {
    await this.page.waitForFunction(
      ([place, count]) =>
        [...document.querySelectorAll(place)].filter((found) =>
          found.checkVisibility(),
        ).length === count,
      [place, count],
    );
  }

  /** Waits until an element's text matches. */
  async reads(place, words) {
    const pattern =
      words instanceof RegExp
        ? words
        : new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    await this.page.waitForFunction(
      ([place, source, flags]) =>
        [...document.querySelectorAll(place)].some((found) =>
          new RegExp(source, flags).test(found.textContent),
        ),
      [place, pattern.source, pattern.flags],
    );
  }

  /**
   * Waits until that many answers are done and the turn is over: entries may still arrive after its
   * answer.
   */
  async seesAnswers(count) {
    await this.sees(at.answerDone, count);
    await this.sees(at.send);
  }

  /** Reloads until an element is there, for pages without JavaScript. */
  async untilReloadShows(place) {
    const end = Date.now() + patience;
    while ((await this.the(place).count()) === 0) {
      assert.ok(Date.now() < end, `no reload shows ${place}`);
      await this.page.reload();
    }
  }

  /**
   * Reloads until that many answers are done and the turn is over, for pages without JavaScript.
   */
  async untilReloadShowsAnswers(count) {
    await this.untilReloadShows(at.send);
    assert.equal(await this.the(at.answerDone).count(), count);
  }

  /**
   * Waits until an entry has been running for that many seconds by the page's count; resolves to
   * its text.
   */
  async seesElapsed(id, seconds) {
    const place = `${entryAt(id)} ${at.elapsed}`;
    const shown = await this.page.waitForFunction(
      ([place, seconds]) => {
        const shown = document.querySelector(place)?.textContent;
        return parseInt(shown, 10) >= seconds && shown;
      },
      [place, seconds],
    );
    return shown.jsonValue();
  }

  async isLive() {
    await this.reads(at.connectionWord, /^Live$/);
  }

  async opensEntry(id) {
    await this.the(`${entryAt(id)} > summary`).click();
    await this.the(`${entryAt(id)} .more`).waitFor();
  }

  /** The id of the first entry whose title matches. */
  async entryOf(title) {
    const row = this.the(at.entry)
      .filter({ has: this.the(at.entryTitle).filter({ hasText: title }) })
      .first();
    await row.waitFor({ state: "attached" });
    return (await row.getAttribute("id")).replace("entry-", "");
  }

  async opensSecondTab(path = new URL(this.page.url()).pathname) {
    const tab = await Person.in(this.context, this.holly);
    tab.email = this.email;
    await tab.visits(path);
    return tab;
  }

  async closesTab() {
    this.isContent();
    await this.page.close();
  }

  async goesOffline() {
    this.pardons(unreachable);
    await this.context.setOffline(true);
  }

  async backOnline() {
    await this.context.setOffline(false);
  }

  /** Calls the HTTP API as a program with this browser's session. */
  async asks(method, path, body) {
    const answer = await this.context.request.fetch(path, {
      method,
      data: body,
    });
    assert.ok(
      answer.ok(),
      `${method} ${path}: ${answer.status()} ${await answer.text()}`,
    );
    return answer.json();
  }

  async screenshot(name) {
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /** Ignores matching browser errors, past and future. */
  pardons(pattern = unreachable) {
    this.pardoned.push(pattern);
  }

  /** Fails if the browser reported an error. */
  isContent() {
    const left = this.complaints.filter(
      (text) => !this.pardoned.some((pattern) => pattern.test(text)),
    );
    assert.deepEqual(left, [], "the browser complained");
  }

  /** Ends the story for this browser. */
  async leaves() {
    this.isContent();
    await this.context.close();
  }
}
