// A criu that is up to new kernels, which Debian 12's is not: the newest of Debian, unpacked with all its libraries.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { SetupError } from "../setup/apt.mjs";
import { cacheDirectory, run } from "./cache.mjs";

const source =
  "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://deb.debian.org/debian sid main";
const dependsOnly = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"];

/** Where it cannot be had, its tests run with a stand-in alone: test/left-out.ts says so. */
export function fetchCriu() {
  const target = join(cacheDirectory, "criu");
  if (existsSync(join(target, "bin/criu"))) return;
  console.log("Unpacking criu into .cache/test-programs (what writes processes down)");
  mkdirSync(cacheDirectory, { recursive: true });
  const workDirectory = mkdtempSync(join(cacheDirectory, "unpack-"));
  try {
    const files = join(workDirectory, "files");
    for (const archive of download(workDirectory)) run("dpkg", ["-x", archive, files], workDirectory);
    writeProgram(files);
    rmSync(target, { recursive: true, force: true });
    renameSync(files, target);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.log(`  it cannot be had here: ${error.message}`);
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

/** With lists of packages of its own: the machine's know only of its own release. */
function download(directory) {
  for (const part of ["lists/partial", "cache/archives/partial", "archives"]) {
    mkdirSync(join(directory, part), { recursive: true });
  }
  const list = join(directory, "sources.list");
  writeFileSync(list, `${source}\n`);
  const settings = {
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Dir::Etc::SourceList": list,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(directory, "lists"),
    "Dir::Cache": join(directory, "cache"),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  run("apt-get", [...options, "--quiet", "--error-on=any", "update"], directory);
  const without = dependsOnly.map((kind) => `--no-${kind}`);
  const depends = run("apt-cache", [...options, "depends", "--recurse", ...without, "criu"], directory);
  const packages = depends.split("\n").filter((line) => /^[a-z]/.test(line));
  const archives = join(directory, "archives");
  run("apt-get", [...options, "--quiet", "download", ...packages], archives);
  return readdirSync(archives).map((name) => join(archives, name));
}

/** Its libraries are newer than the machine's, the C library with its loader as well. */
function writeProgram(files) {
  const find = (pattern) => {
    const path = readdirSync(files, { recursive: true }).find((name) => pattern.test(basename(name)));
    if (path === undefined) throw new SetupError(`the packages hold no ${pattern.source}`);
    return path;
  };
  const loader = find(/^ld-linux.*\.so\.\d$/);
  const libraries = dirname(find(/^libc\.so\.6$/));
  const program = join(files, "bin/criu");
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(
    program,
    `#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$here/${loader}" --library-path "$here/${libraries}" "$here/usr/sbin/criu" "$@"
`,
  );
  chmodSync(program, 0o755);
}
