#!/usr/bin/env node
// Generates the code anew in a temporary directory and fails where gen/ differs; lints proto/ on the way.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectDirectory } from "./setup/packages.mjs";

function buf(...args) {
  const { status, stdout, stderr } = spawnSync("npx", ["buf", ...args], {
    cwd: projectDirectory,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`buf ${args[0]} failed:\n${stdout}${stderr}`);
}

function readTree(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  return new Map(
    files.map(({ parentPath, path = parentPath, name }) => {
      const file = join(path, name);
      return [file.slice(directory.length + 1), readFileSync(file, "utf8")];
    }),
  );
}

buf("lint");
buf("format", "--diff", "--exit-code");
const temporary = mkdtempSync(join(tmpdir(), "crikit-gen-"));
try {
  buf("generate", "--output", temporary);
  const fresh = readTree(join(temporary, "gen"));
  const committed = readTree(join(projectDirectory, "gen"));
  const differing = [...new Set([...fresh.keys(), ...committed.keys()])].filter(
    (name) => fresh.get(name) !== committed.get(name),
  );
  for (const name of differing) console.log(`gen/${name} is not what proto/ gives: run npm run generate`);
  console.log(`generated code: ${fresh.size} files, ${differing.length} differ`);
  process.exitCode = differing.length === 0 ? 0 : 1;
} finally {
  rmSync(temporary, { recursive: true });
}
