// Runs the program in a sandbox, as a strict service manager would: an empty folder, no privileges,
// and nothing writable but its data.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary } from "./holly.mjs";

export const nobody = 65534;
const isRoot = process.getuid() === 0;
const room = ["unshare", "--mount", ...(isRoot ? [] : ["--map-root-user"])];
const rights = isRoot
  ? `--reuid=${nobody} --regid=${nobody} --clear-groups`
  : "";

/** Makes everything but the data read-only, verifies it, and executes the program. */
const script = `
set -e
mount --make-rprivate /
mount --bind "$HOLLY_DATA_DIR" "$HOLLY_DATA_DIR"
while read -r _ place _; do
  [ "$place" = "$HOLLY_DATA_DIR" ] || mount -o remount,bind,ro "$place" 2>/dev/null || true
done </proc/self/mounts
for place in . /tmp /var/tmp; do
  if (: >"$place/probe") 2>/dev/null; then echo "$place can be written"; exit 42; fi
done
exec setpriv --no-new-privs ${rights} ./holly serve`;

/** Why this machine cannot provide the sandbox; undefined when it can. */
export function cannot() {
  const tried = spawnSync(
    room[0],
    [...room.slice(1), "mount", "--make-rprivate", "/"],
    { encoding: "utf8" },
  );
  return tried.status === 0
    ? undefined
    : `no mount namespace for this user: ${tried.stderr ?? tried.error}`.trim();
}

/** A folder with the program and a data folder, and the command that starts it there. */
export function aPlace() {
  const home = mkdtempSync(join(tmpdir(), "holly-alone-"));
  const data = join(home, "data");
  mkdirSync(data);
  copyFileSync(binary, join(home, "holly"));
  chmodSync(home, 0o755);
  if (isRoot) chownSync(data, nobody, nobody);
  const env = { HOLLY_DATA_DIR: data, HOLLY_SITE_DIR: undefined };
  return {
    home,
    isRoot,
    options: { cwd: home, env, command: [...room, "sh", "-c", script] },
  };
}
