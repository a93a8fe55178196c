// A newer mount than Debian 12 has, which can give a mount other owners, from the sources of Debian 13.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { installNeeds } from "../setup/apt.mjs";
import { compilerNeeds, missingNeeds } from "../setup/programs.mjs";
import { cacheDirectory, run } from "./cache.mjs";

const suite = "trixie";
const directory = join(cacheDirectory, "mount", suite);

const needs = [
  ...compilerNeeds,
  { name: "make", package: "make", why: "compiles them" },
  { name: "xz", package: "xz-utils", why: "unpacks their sources" },
];

/** All in one file, without what it can do beyond mounting. */
export function buildMount() {
  if (existsSync(join(directory, "mount")) || isNewEnough()) return;
  const archive = debianArchive();
  if (archive === undefined) return;
  const missing = missingNeeds(needs);
  if (missing.length > 0) installNeeds(missing);
  console.log(
    `Building mount of Debian ${suite} into .cache/test-programs (one that maps the owners of files)`,
  );
  mkdirSync(directory, { recursive: true });
  const workDirectory = mkdtempSync(join(cacheDirectory, "build-"));
  try {
    const source = fetchSource(archive, workDirectory);
    const without = [
      "nls",
      "shared",
      "bash-completion",
      "poman",
      "asciidoc",
      "makeinstall-setuid",
      "makeinstall-chown",
    ];
    const libraries = [
      "python",
      "systemd",
      "selinux",
      "udev",
      "ncurses",
      "readline",
      "cap-ng",
      "libz",
      "btrfs",
    ];
    const options = [
      ...["--quiet", "--disable-all-programs", "--enable-static-programs=mount"],
      ...["mount", "libmount", "libblkid"].map((name) => `--enable-${name}`),
      ...without.map((name) => `--disable-${name}`),
      ...libraries.map((name) => `--without-${name}`),
    ];
    run("./configure", options, source, { ...process.env, CFLAGS: "-O0" });
    run("make", ["--silent", "--jobs=2", "mount.static"], source);
    copyFileSync(join(source, "mount.static"), join(directory, "mount.new"));
    renameSync(join(directory, "mount.new"), join(directory, "mount"));
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

function isNewEnough() {
  const { stdout } = spawnSync("mount", ["--version"], { encoding: "utf8" });
  const [, major = 0, minor = 0] = /util-linux (\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
  return Number(major) * 1000 + Number(minor) >= 2039;
}

/** Where this machine takes Debian's packages from; undefined when it does not. */
function debianArchive() {
  const format = ["--format", "$(REPO_URI)"];
  const wanted = ["Created-By: Packages", "Label: Debian", "Component: main"];
  const { stdout } = spawnSync("apt-get", ["indextargets", ...format, ...wanted], { encoding: "utf8" });
  return stdout?.trim().split("\n")[0] || undefined;
}

/** With lists of its own: apt on this machine is not to know of the other release. */
function fetchSource(archive, workDirectory) {
  const inside = (name) => join(workDirectory, name);
  for (const name of ["lists/partial", "cache/archives/partial"])
    mkdirSync(inside(name), { recursive: true });
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(inside("sources.list"), `deb-src [signed-by=${keyring}] ${archive} ${suite} main\n`);
  const options = [
    ["Dir::Etc::SourceList", inside("sources.list")],
    ["Dir::Etc::SourceParts", "/dev/null"],
    ["Dir::State::Lists", inside("lists")],
    ["Dir::Cache", inside("cache")],
    ["APT::Sandbox::User", "root"],
  ].flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  run("apt-get", ["-q", ...options, "update"], workDirectory);
  run("apt-get", ["-q", ...options, "source", "--download-only", "util-linux"], workDirectory);
  const archiveFile = readdirSync(workDirectory).find((name) => name.endsWith(".orig.tar.xz")) ?? "";
  mkdirSync(inside("source"));
  run("tar", ["-xJf", archiveFile, "-C", "source", "--strip-components=1"], workDirectory);
  return inside("source");
}
