// `make cluster`: three processes on the PostgreSQL and the S3 server that .ci/services started,
// behind a round-robin proxy, so that tabs of one user are on different processes. Ctrl-C stops all
// of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const root = resolve(import.meta.dirname, "..");
const binary = resolve(root, process.env.HOLLY_BIN ?? "target/release/holly");
const size = Number(process.env.HOLLY_CLUSTER_SIZE ?? 3);
const folder = mkdtempSync(join(tmpdir(), "holly-cluster-"));
const database = process.env.HOLLY_TEST_POSTGRES;
const members = [];
let turn = 0;

/**
 * Passes a request to the next process, or to the one after it when that one is unreachable and
 * nothing was sent yet.
 */
function pass(asked, answer, tries = members.length) {
  const member = members[turn++ % members.length];
  const { method, url, headers } = asked;
  const passed = request(
    { host: "127.0.0.1", port: member.port, method, path: url, headers },
    (got) => {
      answer.writeHead(got.statusCode, got.rawHeaders);
      answer.flushHeaders();
      got.pipe(answer);
      got.on("error", () => answer.destroy());
    },
  );
  passed.on("error", (error) => {
    if (answer.headersSent) return answer.destroy();
    if (
      error.code === "ECONNREFUSED" &&
      tries > 1 &&
      asked.readableDidRead === false
    )
      return pass(asked, answer, tries - 1);
    answer.writeHead(502).end();
  });
  // the body is read only after connecting, so that another process can still be tried
  passed.on("socket", (socket) =>
    socket.connecting
      ? socket.once("connect", () => asked.pipe(passed))
      : asked.pipe(passed),
  );
  answer.on("close", () => passed.destroy());
}

async function starts(number, publicUrl) {
  const env = {
    ...process.env,
    HOLLY_ADDR: "127.0.0.1:0",
    HOLLY_DATA_DIR: join(folder, `process-${number}`),
    DATABASE_URL: database,
    HOLLY_PUBLIC_URL: publicUrl,
    HOLLY_LOG: process.env.HOLLY_LOG ?? "warn",
    ...(process.env.AWS_ENDPOINT_URL && {
      HOLLY_ARCHIVE_URL: "s3://holly/cluster",
    }),
  };
  const child = spawn(binary, {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const member = { number, child, exited: once(child, "exit") };
  members.push(member);
  for await (const line of createInterface({ input: child.stdout })) {
    member.port = Number(
      /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0,
    );
    if (member.port) break;
  }
  if (!member.port) throw new Error(`process ${number} did not start`);
  child.stdout.resume();
  member.exited.then(
    ([code, signal]) =>
      ending ||
      console.log(
        `process ${number} ended (${signal ?? code}); the others go on`,
      ),
  );
  console.log(
    `process ${number}: http://127.0.0.1:${member.port} (pid ${child.pid})`,
  );
}

let ending = false;
async function ends(code) {
  if (ending) return;
  ending = true;
  proxy.close();
  for (const { child } of members) child.kill("SIGTERM");
  await Promise.all(members.map((member) => member.exited));
  proxy.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

if (!database) throw new Error("there is no PostgreSQL: run `make cluster`");
const proxy = createServer((asked, answer) => pass(asked, answer));
proxy.listen(Number(process.env.HOLLY_CLUSTER_PORT ?? 3000), "127.0.0.1");
await once(proxy, "listening");
const url = `http://127.0.0.1:${proxy.address().port}`;
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => ends(0));
try {
  // in sequence, so that only the first creates the tables
  for (let number = 1; number <= size; number += 1) await starts(number, url);
  console.log(
    `\nHolly is at ${url}: ${size} processes, one PostgreSQL, ${process.env.AWS_ENDPOINT_URL ? "one S3 server" : "no S3 server"}. Ctrl-C ends it.`,
  );
} catch (error) {
  console.error(String(error));
  await ends(1);
}
