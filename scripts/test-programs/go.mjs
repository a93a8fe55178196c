// Programs that Go builds from their modules. Without Go their tests are left out: test/left-out.ts says so.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "../setup/packages.mjs";
import { cacheDirectory, run } from "./cache.mjs";
import { buildRunc } from "./runc.mjs";

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
  { name: "runc", version: "v1.5.2", why: "one that maps the IDs of volumes", build: buildRunc },
];

export function buildByGo() {
  if (spawnSync("go", ["version"]).status !== 0) return;
  for (const { name, version, why, source, build } of programs) {
    const directory = join(cacheDirectory, name, version);
    if (isBuilt(join(directory, name), source)) continue;
    console.log(`Building ${name} ${version} into .cache/test-programs (${why})`);
    mkdirSync(directory, { recursive: true });
    build(directory, version);
  }
}

/** What is built of files of our own is built again when one has changed. */
function isBuilt(program, source) {
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

function buildFluentReceiver(directory) {
  const source = join(projectDirectory, "scripts/fluent-receiver");
  run("go", ["build", "-o", join(directory, "fluent-receiver"), "."], source);
}

function buildWalk(directory) {
  const source = join(projectDirectory, "test/interop/cri-client");
  run("go", ["test", "-c", "-o", join(directory, "cri-client-walk"), "."], source);
}
