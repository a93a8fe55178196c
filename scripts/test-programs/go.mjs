// Programs that Go builds from their modules. Without Go their tests are left out: test/left-out.ts says so.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "../setup/apt.mjs";
import { projectDirectory } from "../setup/packages.mjs";
import { cacheDirectory, run } from "./cache.mjs";
import { buildCritest } from "./critest.mjs";
import { buildRunc } from "./runc.mjs";

const oldestGo = [1, 26];

/** Each leaves a program of its name in `directory`. */
const programs = [
  { name: "crictl", version: "v1.37.0", why: "the client whose sessions we serve", build: buildCrictl },
  {
    // With the OpenTelemetry modules of this version.
    name: "fluent-receiver",
    version: "v0.165.1",
    why: "the receiver that logs are shipped to",
    source: "scripts/fluent-receiver",
    build: buildFluentReceiver,
  },
  {
    name: "cri-client-walk",
    version: "v0.37.2",
    why: "kubelet's client, which asks a runtime for everything",
    source: "test/interop/cri-client",
    build: buildWalk,
  },
  {
    // From the branch that plain Go builds: a minute and a half of processor time, once.
    name: "runsc",
    version: "v0.0.0-20260905035102-160fafc42237",
    why: "gVisor, an OCI runtime that is not runc",
    build: buildRunsc,
  },
  {
    // 80 seconds of processor time, once.
    name: "containerd",
    version: "v2.4.2",
    why: "the newest release of the runtime beside which ours is tested",
    build: buildContainerd,
  },
  { name: "runc", version: "v1.5.2", why: "one that maps the IDs of volumes", build: buildRunc },
];

const benchClient = {
  name: "cri-client-bench",
  version: "v0.37.2",
  why: "kubelet's client, which crikit is measured beside",
  source: "bench/go",
  build: buildBenchClient,
};

const critest = { name: "critest", version: "v1.37.0", why: "the official suite", build: buildCritest };

export function buildByGo() {
  if (goVersion() === undefined) return;
  for (const program of programs) buildMissing(program);
}

/** For the benchmarks. Throws a `SetupError` without Go. */
export function buildPeers() {
  if (isBuilt(benchClient)) return;
  requireGo("The Go peers of the benchmarks are");
  buildMissing(benchClient);
}

/** For the official suite. Throws a `SetupError` without Go. */
export function buildSuite() {
  const suite = [...programs.filter(({ name }) => name === "crictl" || name === "runc"), critest];
  if (suite.every(isBuilt)) return;
  requireGo("The official suite is");
  for (const program of suite) buildMissing(program);
}

function buildMissing(program) {
  if (isBuilt(program)) return;
  const { name, version, why, build } = program;
  console.log(`Building ${name} ${version} into .cache/test-programs (${why})`);
  const directory = join(cacheDirectory, name, version);
  mkdirSync(directory, { recursive: true });
  build(directory, version);
}

function requireGo(what) {
  const found = goVersion();
  const [oldMajor, oldMinor] = oldestGo;
  const [major, minor] = found?.match(/\d+/g)?.map(Number) ?? [0, 0];
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return;
  const here = found === undefined ? "there is no go in PATH" : `this is ${found}`;
  throw new SetupError(
    `${what} built by Go ${oldestGo.join(".")} or newer, and ${here}: see https://go.dev/doc/install`,
  );
}

/** As in `go1.26.8`; undefined where there is none. */
function goVersion() {
  const { status, stdout } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** What is built of files of our own is built again when one has changed. */
function isBuilt({ name, version, source }) {
  const program = join(cacheDirectory, name, version, name);
  if (!existsSync(program)) return false;
  if (source === undefined) return true;
  const directory = join(projectDirectory, source);
  const changes = readdirSync(directory).map((file) => statSync(join(directory, file)).mtimeMs);
  return statSync(program).mtimeMs >= Math.max(...changes);
}

function buildCrictl(directory, version) {
  const env = { ...process.env, GOBIN: directory, GOFLAGS: "-mod=mod" };
  run("go", ["install", `sigs.k8s.io/cri-tools/cmd/crictl@${version}`], directory, env);
}

function buildRunsc(directory, version) {
  // Static, for it runs itself anew where it sees no libraries.
  const env = { ...process.env, GOBIN: directory, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };
  run("go", ["install", "-ldflags=-s -w", `gvisor.dev/gvisor/runsc@${version}`], directory, env);
}

/** With the shim beside it, and without the file systems that need C. */
function buildContainerd(directory, version) {
  const env = { ...process.env, GOBIN: directory, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };
  const commands = ["containerd-shim-runc-v2", "containerd"];
  const modules = commands.map((name) => `github.com/containerd/containerd/v2/cmd/${name}@${version}`);
  run(
    "go",
    ["install", "-tags", "no_btrfs,no_devmapper,no_zfs", "-ldflags=-s -w", ...modules],
    directory,
    env,
  );
}

function buildFluentReceiver(directory) {
  const source = join(projectDirectory, "scripts/fluent-receiver");
  run("go", ["build", "-o", join(directory, "fluent-receiver"), "."], source);
}

function buildWalk(directory) {
  const source = join(projectDirectory, "test/interop/cri-client");
  run("go", ["test", "-c", "-o", join(directory, "cri-client-walk"), "."], source);
}

function buildBenchClient(directory) {
  run("go", ["build", "-o", join(directory, "cri-client-bench"), "."], join(projectDirectory, "bench/go"));
}
