// A static busybox for the images of the conformance suite, compiled from Debian's source package. The one of
// busybox-static lacks pgrep and ipcs, and its shell runs what is masked, as it does not look it up in PATH.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { installNeeds, SetupError } from "../setup/apt.mjs";
import { compilerNeeds, missingNeeds, sourceNeeds } from "../setup/programs.mjs";
import { cacheDirectory, run } from "./cache.mjs";

const directory = join(cacheDirectory, "busybox");

/** Where it is. */
export const busyboxPath = join(directory, "busybox");

export function buildBusybox() {
  if (existsSync(busyboxPath)) return;
  const missing = missingNeeds([...compilerNeeds, ...sourceNeeds]);
  if (missing.length > 0) installNeeds(missing);
  console.log("Compiling busybox into .cache/test-programs (what the suite's images are made of)");
  mkdirSync(directory, { recursive: true });
  const work = mkdtempSync(join(cacheDirectory, "build-"));
  try {
    const source = unpackSource(work);
    configure(source);
    run("make", [`-j${availableParallelism()}`, "busybox"], source);
    cpSync(join(source, "busybox"), busyboxPath);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

// tc does not compile with the headers of newer kernels.
function configure(source) {
  run("make", ["defconfig"], source);
  const path = join(source, ".config");
  const text = readFileSync(path, "utf8")
    .replace("# CONFIG_STATIC is not set", "CONFIG_STATIC=y")
    .replace("CONFIG_TC=y", "# CONFIG_TC is not set");
  writeFileSync(path, text);
}

/** With lists of its own: this machine need not know of source packages. */
function unpackSource(work) {
  const lists = join(work, "lists");
  for (const path of ["lists/partial", "cache/archives/partial", "source"]) {
    mkdirSync(join(work, path), { recursive: true });
  }
  writeFileSync(join(work, "sources.list"), sourcesLine());
  const places = [
    `Dir::Etc::sourcelist=${join(work, "sources.list")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${join(work, "cache")}`,
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  run("apt-get", ["-q", ...places, "update"], work);
  run("apt-get", ["-q", ...places, "source", "--download-only", "busybox"], work);
  const archive = readdirSync(work).find((name) => /^busybox_.*\.orig\.tar\.\w+$/.test(name));
  if (archive === undefined) throw new SetupError("apt-get source busybox brought no source");
  const source = join(work, "source");
  run("tar", ["-C", source, "--strip-components=1", "-xf", archive], work);
  return source;
}

/** Of the archive that apt's binary packages come from. */
function sourcesLine() {
  const format = ["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"];
  const main = run("apt-get", format, cacheDirectory)
    .split("\n")
    .find((line) => line.endsWith(" main"));
  if (main === undefined) throw new SetupError("apt knows no archive to take the source of busybox from");
  const keyrings = ["debian", "ubuntu"].map((name) => `/usr/share/keyrings/${name}-archive-keyring.gpg`);
  const signedBy = keyrings.filter((path) => existsSync(path)).join(",");
  return `deb-src ${signedBy === "" ? "" : `[signed-by=${signedBy}] `}${main}\n`;
}
