// Checks that no line of the .rs files is over 100 columns, also where rustfmt leaves lines alone: inside view!, strings
// and SQL. `.ci/columns.txt` lists how many longer lines a file still has; the numbers may only shrink.
// `node .ci/columns.mjs --write` updates the list after a file has improved. Files over 500 lines and functions over 60
// (not counting lines inside view!) are printed only.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const COLUMNS = 100;
const FILE_LINES = 500;
const FUNCTION_LINES = 60;
const list = new URL("columns.txt", import.meta.url);

const tracked = [
  "ls-files",
  "--cached",
  "--others",
  "--exclude-standard",
  "*.rs",
];
const names = execFileSync("git", tracked, { encoding: "utf8" })
  .trim()
  .split("\n");
const files = new Map();
for (const name of names) {
  try {
    files.set(name, readFileSync(name, "utf8").replace(/\n$/, "").split("\n"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // deleted, not yet committed
  }
}

/** The last line of the block that `lines[start]` opens: its closing brace has the same indentation. */
function blockEnd(lines, start) {
  const indent = /^ */.exec(lines[start])[0];
  const end = lines.findIndex(
    (line, at) => at > start && line.startsWith(`${indent}}`),
  );
  return end < 0 ? start : end;
}

function* functions(lines) {
  for (const [start, line] of lines.entries()) {
    const name =
      /^ *(?:pub(?:\([^)]*\))? )?(?:const )?(?:async )?fn (\w+)/.exec(
        line,
      )?.[1];
    if (!name) continue;
    const end = blockEnd(lines, start);
    let length = end - start + 1;
    for (let at = start; at < end; at++) {
      if (!/\bview! \{$/.test(lines[at])) continue;
      const close = blockEnd(lines, at);
      length -= close - at;
      at = close;
    }
    yield { name, line: start + 1, length };
  }
}

const wide = new Map();
for (const [name, lines] of files) {
  const over = lines.flatMap((line, at) =>
    [...line].length > COLUMNS ? [at + 1] : [],
  );
  if (over.length) wide.set(name, over);
  if (lines.length > FILE_LINES) console.log(`${name}: ${lines.length} lines`);
  for (const { name: fn, line, length } of functions(lines))
    if (length > FUNCTION_LINES)
      console.log(`${name}:${line}: fn ${fn} has ${length} lines`);
}

if (process.argv.includes("--write")) {
  const rows = [...wide].map(([name, over]) => `${over.length} ${name}\n`);
  writeFileSync(
    list,
    rows.sort((a, b) => (a.split(" ")[1] < b.split(" ")[1] ? -1 : 1)).join(""),
  );
}
const allowed = new Map(
  readFileSync(list, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((row) => [row.split(" ")[1], Number(row.split(" ")[0])]),
);

let refused = false;
for (const name of new Set([...wide.keys(), ...allowed.keys()])) {
  const over = wide.get(name) ?? [];
  const most = allowed.get(name) ?? 0;
  if (over.length === most) continue;
  refused = true;
  if (over.length > most)
    console.error(
      `${name}: ${over.length} lines over ${COLUMNS} columns, ${most} allowed: ${over.join(", ")}`,
    );
  else
    console.error(
      `${name}: ${over.length} lines over ${COLUMNS} columns, ${most} listed: node .ci/columns.mjs --write`,
    );
}
process.exit(refused ? 1 : 0);
