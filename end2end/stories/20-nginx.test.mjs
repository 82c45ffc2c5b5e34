import assert from "node:assert/strict";
import { test } from "node:test";
import { Nginx } from "../nginx.mjs";
import { at } from "../page.mjs";
import { aServer, somebody } from "../world.mjs";

const written = (person, title) => ({
  logType: "info",
  status: "success",
  title,
  conversationId: person.conversation,
});

/** Holly as seen through the proxy. */
const through = (holly, nginx) =>
  Object.create(holly, { url: { value: nginx.url } });

/** Writes from another client, past the proxy, while nothing else happens. */
async function noticesAtOnce(ada, holly) {
  await holly.reaches("holly_streams", 1);
  await ada.asks(
    "POST",
    "/api/work-log/create",
    written(ada, "A frame much smaller than any buffer"),
  );
  await ada.entryOf("A frame much smaller than any buffer");
  await ada.isLive();
  assert.equal(
    await holly.counts("holly_streams"),
    1,
    "it came over the stream that was open",
  );
}

test("behind nginx with its defaults work appears at once, and a page recovers from a 502", async () => {
  const holly = await aServer();
  const nginx = await Nginx.byDefault(new URL(holly.url).host);
  const ada = await somebody({ holly: through(holly, nginx) });
  await ada.says("Hello");
  await ada.seesAnswers(1);
  await ada.isLive();
  await noticesAtOnce(ada, holly);
  ada.pardons();
  assert.equal(await holly.stops(), 0, holly.log);
  await ada.reads(at.connectionWord, /^(Reconnecting|Polling)$/);
  assert.equal((await fetch(`${nginx.url}/healthz`)).status, 502);
  const refused = ada.page.waitForResponse((answer) => answer.status() === 502);
  await ada.the(at.retryConnection).click();
  await refused;
  await holly.startsAgain();
  await ada.asks(
    "POST",
    "/api/work-log/create",
    written(ada, "Written before the page was back"),
  );
  await ada.entryOf("Written before the page was back");
  await ada.isLive();
  await ada.says("And now?");
  await ada.seesAnswers(2);
  await ada.leaves();
  await nginx.isGone();
});

test("the documented nginx example serves Holly live over HTTPS", async () => {
  const holly = await aServer();
  const nginx = await Nginx.byExample(new URL(holly.url).host);
  holly.env.HOLLY_PUBLIC_URL = nginx.url;
  await holly.stops();
  await holly.startsAgain();
  const ada = await somebody({
    holly: through(holly, nginx),
    ignoreHTTPSErrors: true,
  });
  const cookies = await ada.context.cookies();
  assert.ok(
    cookies.length > 0 && cookies.every((cookie) => cookie.secure),
    "cookies are for https only",
  );
  await ada.says("Paint a lighthouse at dusk");
  await ada.sees(at.picture);
  await ada.seesAnswers(1);
  await ada.isLive();
  await noticesAtOnce(ada, holly);
  assert.equal((await ada.context.request.get("/metrics")).status(), 404);
  const plain = await ada.context.request.get(`${nginx.plain}/history`, {
    maxRedirects: 0,
  });
  assert.match(plain.headers().location, /^https:.*\/history$/);
  await ada.leaves();
  await nginx.isGone();
});
