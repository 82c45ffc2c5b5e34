// Shared by the stories: one browser, and one server for stories that do not disturb each other.
// Each user is new.

import { chromium } from "playwright-core";
import { after } from "node:test";
import { ModelServer } from "./dialect.mjs";
import { Holly } from "./holly.mjs";
import { Model } from "./model.mjs";
import { Person, patience } from "./person.mjs";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];
const quiet = ["--disable-component-update", "--disable-sync"];
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const started = [];
let browser,
  shared,
  people = 0;

export const password = "correct horse battery";

async function theBrowser() {
  browser ??= chromium.launch({
    executablePath: chromiumPath,
    args: [...flags, ...quiet],
    timeout: patience,
  });
  return browser;
}

/** The server shared by the stories. */
export function theServer() {
  shared ??= aServer();
  return shared;
}

/** A server for one file, stopped after its last story. */
export async function aServer(options) {
  const holly = await Holly.starts(options);
  started.push(holly);
  return holly;
}

/** A model controlled by the story. */
export async function aModel() {
  const model = await Model.starts();
  started.push(model);
  return model;
}

/** A new user on a server with such a model; `pace` is that of the demo's tools. */
export async function withAModel({ pace, ...options } = {}) {
  const model = await aModel();
  const holly = await aServer({ pace, env: model.env });
  return { model, holly, ada: await somebody({ holly, ...options }) };
}

/**
 * A new user on a server whose model answers with `answers`; `env` maps its URL to the settings.
 */
export async function withAModelServer(answers, env) {
  const model = await ModelServer.starts(answers);
  started.push(model);
  const holly = await aServer({ env: env(model.url) });
  return { model, holly, ada: await somebody({ holly }) };
}

/** An unused email address. */
export function anEmail() {
  people += 1;
  return `reader${people}@example.org`;
}

/** A browser at `holly`, not signed in; `options` are those of a browser context. */
export async function aBrowser(holly, options = {}) {
  const context = await (
    await theBrowser()
  ).newContext({
    baseURL: holly.url,
    viewport: { width: 1280, height: 860 },
    ...options,
  });
  context.setDefaultTimeout(patience);
  const person = await Person.in(context, holly);
  person.readsPlainPages = options.javaScriptEnabled === false;
  return person;
}

/** A new account, signed in on the page for a new conversation. */
export async function somebody({ holly, ...options } = {}) {
  const server = holly ?? (await theServer());
  const email = anEmail();
  await server.knows(email, password);
  const person = await aBrowser(server, options);
  person.email = email;
  await person.signsIn(email, password);
  return person;
}

/** The same user on another device. */
export async function elsewhere(person, options = {}) {
  const other = await aBrowser(person.holly, options);
  other.email = person.email;
  await other.signsIn(person.email, password);
  return other;
}

after(async () => {
  await (await browser)?.close();
  for (const server of started) await server.isGone();
});
