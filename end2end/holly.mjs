// A server for a story: the release binary on a free port with an empty data folder.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { patience } from "./person.mjs";

const root = resolve(import.meta.dirname, "..");
export const binary = resolve(
  root,
  process.env.HOLLY_BIN ?? "target/release/holly",
);

// what stories read /metrics with
const metricsToken = "a token of the stories";

/**
 * A running Holly. `pace` scales the demo's delays: 1 is normal, 0 none. `command` starts it in the
 * folder `cwd`.
 */
export class Holly {
  static async starts({
    pace = 0.02,
    env = {},
    command = [binary],
    cwd = root,
  } = {}) {
    const holly = new Holly();
    holly.data = mkdtempSync(join(tmpdir(), "holly-end2end-"));
    Object.assign(holly, { command, cwd });
    holly.env = {
      ...process.env,
      HOLLY_DATA_DIR: holly.data,
      HOLLY_DEMO_PACE: String(pace),
      HOLLY_METRICS_TOKEN: metricsToken,
      ...env,
    };
    await holly.#listens("127.0.0.1:0");
    return holly;
  }

  async #listens(address) {
    const env = { ...this.env, HOLLY_ADDR: address, HOLLY_LOG: "warn" };
    const [program, ...words] = this.command;
    this.process = spawn(program, words, {
      cwd: this.cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.exited = once(this.process, "exit");
    this.log = "";
    this.process.stderr.on("data", (text) => (this.log += text));
    const broken = this.exited.then(([code]) =>
      Promise.reject(new Error(`holly ended with ${code}: ${this.log}`)),
    );
    broken.catch(() => {});
    this.url = await Promise.race([this.#address(), broken]);
  }

  async #address() {
    const lines = createInterface({ input: this.process.stdout });
    const said = this.env.HOLLY_PUBLIC_URL
      ? /^listening on (http\S+)/
      : /^Holly is at (http\S+)/;
    for await (const line of lines) {
      const address = said.exec(line)?.[1];
      if (address) return address;
      this.log += `${line}\n`;
    }
    return new Promise(() => {});
  }

  /** Runs a CLI command on the same data; resolves to its output. */
  async runs(args, stdin = "") {
    const child = spawn(binary, args, {
      cwd: root,
      env: { ...this.env, HOLLY_LOG: "error" },
    });
    let [said, complained] = ["", ""];
    child.stdout.on("data", (text) => (said += text));
    child.stderr.on("data", (text) => (complained += text));
    child.stdin.end(stdin);
    const [code] = await once(child, "close");
    if (code !== 0)
      throw new Error(
        `holly ${args.join(" ")} ended with ${code}: ${complained}`,
      );
    return said.trim();
  }

  /** Adds an account that can sign in. */
  async knows(email, password) {
    await this.runs(["user", "add", email], `${password}\n`);
  }

  /** The value of a metric, summed over its labels. */
  async counts(metric) {
    const text = await (
      await fetch(`${this.url}/metrics`, {
        headers: { authorization: `Bearer ${metricsToken}` },
      })
    ).text();
    const lines = text
      .split("\n")
      .filter(
        (line) =>
          line.startsWith(`${metric} `) || line.startsWith(`${metric}{`),
      );
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** Waits until a metric has a value. */
  async reaches(metric, value) {
    const end = Date.now() + patience;
    while ((await this.counts(metric)) !== value)
      if (Date.now() > end)
        throw new Error(`${metric} does not become ${value}`);
  }

  /** Shuts it down gracefully; resolves to what it reports to its parent process. */
  async stops() {
    this.process.kill("SIGTERM");
    const [code] = await this.exited;
    return code;
  }

  /** Kills it, as a power cut would. */
  async isKilled() {
    this.process.kill("SIGKILL");
    await this.exited;
  }

  /** Starts it again on the same data and port. */
  async startsAgain() {
    await this.#listens(new URL(this.url).host);
  }

  /** Stops it for good. */
  async isGone() {
    if (this.process.exitCode === null && this.process.signalCode === null)
      await this.stops();
    rmSync(this.data, { recursive: true, force: true });
  }
}
