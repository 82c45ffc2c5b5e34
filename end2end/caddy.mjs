// Caddy in front of Holly, with the example of docs/deploy; only the site name and the upstream
// address are replaced.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { aFreePort, answers } from "./nginx.mjs";

const program = process.env.CADDY ?? "/usr/bin/caddy";
const example = resolve(import.meta.dirname, "../docs/deploy/Caddyfile");

/** Caddy's complaints about the unchanged example; empty when it is valid. */
export function complaints() {
  const read = ["--config", example, "--adapter", "caddyfile"];
  const checked = spawnSync(program, ["validate", ...read], {
    encoding: "utf8",
  });
  const formatted = spawnSync(program, ["fmt", example], { encoding: "utf8" });
  if (checked.status !== 0) return checked.stderr ?? String(checked.error);
  return formatted.stdout === readFileSync(example, "utf8")
    ? ""
    : "it is not formatted";
}

export class Caddy {
  static async byExample(address) {
    const caddy = new Caddy();
    caddy.folder = mkdtempSync(join(tmpdir(), "holly-caddy-"));
    const port = await aFreePort();
    caddy.url = `http://127.0.0.1:${port}`;
    let text = readFileSync(example, "utf8");
    for (const [from, to] of [
      ["\nholly.example.org {", `\n${caddy.url} {`],
      ["reverse_proxy 127.0.0.1:3000", `reverse_proxy ${address}`],
    ]) {
      if (!text.includes(from)) throw new Error(`${example} has no ${from}`);
      text = text.replace(from, to);
    }
    const file = join(caddy.folder, "Caddyfile");
    writeFileSync(file, `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n${text}`);
    const env = {
      ...process.env,
      HOME: caddy.folder,
      XDG_CONFIG_HOME: caddy.folder,
      XDG_DATA_HOME: caddy.folder,
    };
    caddy.process = spawn(
      program,
      ["run", "--config", file, "--adapter", "caddyfile"],
      { env, stdio: ["ignore", "ignore", "pipe"] },
    );
    caddy.exited = once(caddy.process, "exit");
    caddy.log = "";
    caddy.process.stderr.on("data", (text) => (caddy.log += text));
    while (!(await answers(port))) {
      if (caddy.process.exitCode !== null)
        throw new Error(`caddy ended: ${caddy.log}`);
    }
    return caddy;
  }

  async isGone() {
    this.process.kill("SIGTERM");
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
