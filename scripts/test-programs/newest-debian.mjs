// Programs that Debian 12 has too old: the newest of Debian, each unpacked with all its libraries.
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

// crun works on no host that has control groups of both versions: where it has, it is to see those of version 1.
const besideVersion1 = `if [ -z "$besideVersion1" ] && mountpoint -q /sys/fs/cgroup/unified; then
  export besideVersion1=yes
  exec unshare --mount --propagation slave sh -c 'umount --lazy /sys/fs/cgroup/unified && exec "$0" "$@"' "$0" "$@"
fi`;

const programs = [
  { name: "criu", binary: "usr/sbin/criu", why: "what writes processes down" },
  { name: "crun", binary: "usr/bin/crun", why: "an OCI runtime", first: besideVersion1 },
];

/** Where one cannot be had, its tests are left out or run with a stand-in: test/left-out.ts says so. */
export function fetchNewest() {
  const missing = programs.filter(({ name }) => !existsSync(join(cacheDirectory, name, "bin", name)));
  if (missing.length === 0) return;
  mkdirSync(cacheDirectory, { recursive: true });
  const workDirectory = mkdtempSync(join(cacheDirectory, "unpack-"));
  try {
    const options = updateLists(workDirectory);
    for (const program of missing) {
      console.log(`Unpacking ${program.name} into .cache/test-programs (${program.why})`);
      fetch(program, options, workDirectory);
    }
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.log(`  it cannot be had here: ${error.message}`);
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

/** Lists of packages of their own: the machine's know only of its own release. */
function updateLists(directory) {
  for (const part of ["lists/partial", "cache/archives/partial"]) {
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
  return options;
}

function fetch(program, options, workDirectory) {
  const { name } = program;
  const [archives, files] = ["archives", "files"].map((part) => join(workDirectory, name, part));
  mkdirSync(archives, { recursive: true });
  const without = dependsOnly.map((kind) => `--no-${kind}`);
  const depends = run("apt-cache", [...options, "depends", "--recurse", ...without, name], archives);
  const packages = depends.split("\n").filter((line) => /^[a-z]/.test(line));
  run("apt-get", [...options, "--quiet", "download", ...packages], archives);
  for (const archive of readdirSync(archives)) run("dpkg", ["-x", archive, files], archives);
  writeProgram(files, program);
  const target = join(cacheDirectory, name);
  rmSync(target, { recursive: true, force: true });
  renameSync(files, target);
}

/** Its libraries are newer than the machine's, the C library with its loader as well. */
function writeProgram(files, { name, binary, first = "" }) {
  const find = (pattern) => {
    const path = readdirSync(files, { recursive: true }).find((file) => pattern.test(basename(file)));
    if (path === undefined) throw new SetupError(`the packages hold no ${pattern.source}`);
    return path;
  };
  const loader = find(/^ld-linux.*\.so\.\d$/);
  const libraries = dirname(find(/^libc\.so\.6$/));
  const program = join(files, "bin", name);
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(
    program,
    `#!/bin/sh
${first}
here=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$here/${loader}" --library-path "$here/${libraries}" "$here/${binary}" "$@"
`,
  );
  chmodSync(program, 0o755);
}
