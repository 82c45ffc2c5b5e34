// nginx in front of Holly: with Debian's defaults and only the upstream set, or with the example of
// docs/deploy, of which only ports, file names and the server name are replaced.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = process.env.NGINX ?? "/usr/sbin/nginx";
const example = resolve(import.meta.dirname, "../docs/deploy/nginx.conf");

/** A free port of the loopback address. */
export async function aFreePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  await new Promise((closed) => listener.close(closed));
  return port;
}

export async function answers(port) {
  const socket = connect(port, "127.0.0.1");
  const how = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return how;
}

export class Nginx {
  /** With the default proxy settings, in front of the server at `address` (host and port). */
  static async byDefault(address) {
    const port = await aFreePort();
    const server = `server { listen 127.0.0.1:${port}; location / { proxy_pass http://${address}; } }`;
    return new Nginx().#starts(server, port, `http://127.0.0.1:${port}`);
  }

  /** With the documented example and a self-signed certificate. */
  static async byExample(address) {
    const nginx = new Nginx();
    const [port, plain] = [await aFreePort(), await aFreePort()];
    nginx.#makesCertificate();
    let text = readFileSync(example, "utf8");
    for (const [from, to] of [
      [/ *listen \[::\].*\n/g, ""],
      ["listen 80;", `listen 127.0.0.1:${plain};`],
      ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
      [/holly\.example\.org;/g, "localhost;"],
      [/\/etc\/letsencrypt\/live\/[^/]+/g, nginx.folder],
      ["server 127.0.0.1:3000;", `server ${address};`],
    ]) {
      const changed = text.replace(from, to);
      if (changed === text) throw new Error(`${example} has no ${from}`);
      text = changed;
    }
    nginx.plain = `http://127.0.0.1:${plain}`;
    return nginx.#starts(text, port, `https://localhost:${port}`);
  }

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "holly-nginx-"));
  }

  #makesCertificate() {
    const [key, chain] = [
      join(this.folder, "privkey.pem"),
      join(this.folder, "fullchain.pem"),
    ];
    const how = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=localhost",
    ];
    execFileSync(
      "openssl",
      [...how, "-days", "2", "-keyout", key, "-out", chain],
      { stdio: "ignore" },
    );
  }

  async #starts(server, port, url) {
    const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (what) => `${what}_temp_path ${this.folder}/${what};`,
    );
    const user = process.getuid() === 0 ? "user root;" : "";
    const all = `${user} daemon off; worker_processes 1; pid ${this.folder}/pid; error_log stderr;
      events {} http { access_log off; ${places.join(" ")} ${server} }`;
    writeFileSync(join(this.folder, "nginx.conf"), all);
    const words = [
      "-e",
      "stderr",
      "-p",
      this.folder,
      "-c",
      join(this.folder, "nginx.conf"),
    ];
    this.process = spawn(program, words, {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.exited = once(this.process, "exit");
    this.log = "";
    this.process.stderr.on("data", (text) => (this.log += text));
    while (!(await answers(port))) {
      if (this.process.exitCode !== null)
        throw new Error(`nginx ended: ${this.log}`);
    }
    this.url = url;
    return this;
  }

  async isGone() {
    this.process.kill("SIGTERM");
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
