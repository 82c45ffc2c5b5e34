import assert from "node:assert/strict";
import { test } from "node:test";
import { at, entryAt } from "../page.mjs";
import { somebody } from "../world.mjs";

/** A program with an API key. */
class Program {
  constructor(holly, key) {
    this.holly = holly;
    this.headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
    };
  }

  async asks(method, path, body) {
    const answer = await fetch(`${this.holly.url}${path}`, {
      method,
      headers: this.headers,
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  }

  /**
   * Reads the stream from a cursor until an entry frame satisfies `wanted`; resolves to that frame.
   */
  async hears(cursor, wanted) {
    const over = new AbortController();
    const headers = { ...this.headers, "last-event-id": cursor };
    const answer = await fetch(`${this.holly.url}/api/work-log/stream`, {
      headers,
      signal: over.signal,
    });
    assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
    let text = "";
    try {
      for await (const bytes of answer.body.pipeThrough(
        new TextDecoderStream(),
      )) {
        text += bytes;
        const frames = text
          .split("\n\n")
          .slice(0, -1)
          .map(parsed)
          .filter((frame) => frame.event === "entry");
        const found = frames.find((frame) => wanted(frame.data.entry));
        if (found) return found;
      }
    } finally {
      over.abort();
    }
    throw new Error(`the stream ended: ${text}`);
  }
}

function parsed(frame) {
  const fields = Object.fromEntries(
    frame
      .split("\n")
      .filter((line) => line.includes(": "))
      .map((line) => line.split(/: (.*)/s)),
  );
  return { ...fields, data: fields.data && JSON.parse(fields.data) };
}

test("an entry written with a key from the settings appears live in the open conversation", async () => {
  const ada = await somebody();
  await ada.says("Hello");
  await ada.seesAnswers(1);
  const settings = await ada.opensSecondTab("/settings");
  await settings.the(at.keyName).fill("Deploy script");
  await settings.the(at.makeKey).click();
  await settings.reads(at.freshKey, /^holly_/);
  const script = new Program(
    ada.holly,
    await settings.the(at.freshKey).textContent(),
  );
  await settings.reloads();
  await settings.sees(at.freshKey, 0);
  await settings.reads("td", "Deploy script");

  const { cursor } = (await script.asks("GET", "/api/work-log/list?limit=1"))
    .body;
  const draft = {
    logType: "deployment",
    status: "working",
    title: "Deploy: release 2.7",
    conversationId: ada.conversation,
  };
  const made = await script.asks("POST", "/api/work-log/create", draft);
  assert.equal(made.status, 201);
  const { id } = made.body.log;
  await ada.sees(`${entryAt(id)}[data-status="working"]`);
  const row = await ada.the(entryAt(id)).elementHandle();
  const line = ada.the(`${entryAt(id)} > summary`);
  const goesOn = async (metadata) =>
    assert.equal(
      (await script.asks("PATCH", `/api/work-log/${id}`, { metadata })).status,
      200,
    );
  await line.focus();
  await goesOn({ progress: 40 });
  await ada.reads(entryAt(id), "40 %");
  assert.equal(
    await row.getAttribute("open"),
    null,
    "what its reader only focused stays closed",
  );
  await line.click();
  await line.click();
  await goesOn({
    progress: 60,
    step: "copying files to the first of three hosts, one by one ".repeat(4),
  });
  await ada.reads(entryAt(id), "60 %");
  assert.equal(
    await row.getAttribute("open"),
    null,
    "what its reader closed stays closed",
  );
  const { height } = await ada.the(`${entryAt(id)} .title`).boundingBox();
  assert.ok(height < 70, `a long step leaves the title ${height} px high`);
  const ended = {
    status: "success",
    durationMs: 4200,
    details: "three hosts",
    metadata: { hosts: 3 },
  };
  assert.equal(
    (await script.asks("PATCH", `/api/work-log/${id}`, ended)).status,
    200,
  );
  await ada.page.waitForFunction(
    (row) => row.isConnected && row.dataset.status === "success",
    row,
  );
  await ada.reads(entryAt(id), "4.2 s");

  const listed = (
    await script.asks(
      "GET",
      `/api/work-log/list?conversationId=${ada.conversation}`,
    )
  ).body;
  assert.equal(listed.logs[0].id, id);
  const frame = await script.hears(cursor, (entry) => entry.id === id);
  assert.equal(frame.data.entry.status, "success");
  const again = await script.asks("POST", "/api/work-log/create", {
    logType: "info",
    status: "info",
    title: "Later",
  });
  assert.equal(
    (await script.hears(frame.id, () => true)).data.entry.id,
    again.body.log.id,
  );
  await ada.leaves();
});

test("a key from the command line works until it is revoked", async () => {
  const ada = await somebody();
  const key = await ada.holly.runs([
    "key",
    "add",
    "--user",
    ada.email,
    "--name",
    "Nightly job",
  ]);
  const job = new Program(ada.holly, key);
  assert.equal((await job.asks("GET", "/api/work-log/list")).status, 200);
  await ada.visits("/settings");
  await ada.the('form[action$="keys/revoke"] button').click();
  await ada.sees('form[action$="keys/revoke"]', 0);
  const refused = await job.asks("GET", "/api/work-log/list");
  assert.equal(refused.status, 401);
  assert.ok(refused.body.error, "a refusal says why");
  await ada.leaves();
});
