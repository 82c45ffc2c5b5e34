import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { at } from "../page.mjs";
import { somebody } from "../world.mjs";

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/** The size of a response in bytes, compressed with brotli and uncompressed. */
function weighs(url, cookie) {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { headers: { "accept-encoding": "br", cookie } },
      async (answer) => {
        const sent = Buffer.concat(await answer.toArray());
        const raw =
          answer.headers["content-encoding"] === "br"
            ? brotliDecompressSync(sent)
            : sent;
        resolve({
          kind: answer.headers["content-type"].split(";")[0],
          sent: sent.length,
          raw: raw.length,
        });
      },
    );
    asked.on("error", reject).end();
  });
}

/**
 * Size limits in bytes: the program (WASM and JavaScript) uncompressed and over the wire, and the
 * whole page over the wire.
 */
const most = { raw: 450_000, sent: 152_000, page: 164_000 };

test("the size of a chat page is reported beside its goal and does not grow", async () => {
  const ada = await somebody();
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const asked = new Set();
  ada.page.on("request", (request) => asked.add(request.url()));
  await ada.reloads();
  await ada.isLive();
  const cookie = (await ada.context.cookies())
    .map(({ name, value }) => `${name}=${value}`)
    .join("; ");
  const parts = [...asked].filter(
    (url) =>
      url.startsWith(ada.holly.url) && !url.includes("/api/work-log/stream"),
  );
  const program = { raw: 0, sent: 0 };
  let page = 0;
  for (const url of parts) {
    const { kind, sent, raw } = await weighs(url, cookie);
    console.log(
      `${new URL(url).pathname.padEnd(48)} ${kind.padEnd(24)} ${kilobytes(raw).padStart(10)} ${kilobytes(sent).padStart(10)}`,
    );
    if (/wasm|javascript/.test(kind)) {
      program.raw += raw;
      program.sent += sent;
    }
    page += sent;
  }
  const beside = (bytes, goal) =>
    `${kilobytes(bytes)} (goal ${kilobytes(goal)})`;
  console.log(
    `program: ${beside(program.raw, most.raw)}, brotli: ${beside(program.sent, most.sent)}; whole page, brotli: ${beside(page, most.sent)}`,
  );
  assert.ok(
    parts.some((url) => url.endsWith(".wasm")),
    "the program was not asked for",
  );
  assert.ok(
    program.raw <= most.raw,
    `wasm and js are ${kilobytes(program.raw)}`,
  );
  assert.ok(
    program.sent <= most.sent,
    `wasm and js are ${kilobytes(program.sent)} over the wire`,
  );
  assert.ok(page <= most.page, `the page is ${kilobytes(page)} over the wire`);
  await ada.sees(at.answer);
  await ada.leaves();
});
