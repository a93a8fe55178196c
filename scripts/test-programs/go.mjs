// Programs that Go builds from their modules. Without Go their tests are left out: test/left-out.ts says so.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
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
    build: buildFluentReceiver,
  },
  { name: "runc", version: "v1.5.2", why: "one that maps the IDs of volumes", build: buildRunc },
];

export function buildByGo() {
  if (spawnSync("go", ["version"]).status !== 0) return;
  for (const { name, version, why, build } of programs) {
    const directory = join(cacheDirectory, name, version);
    if (existsSync(join(directory, name))) continue;
    console.log(`Building ${name} ${version} into .cache/test-programs (${why})`);
    mkdirSync(directory, { recursive: true });
    build(directory, version);
  }
}

function buildCrictl(directory, version) {
  const env = { ...process.env, GOBIN: directory, GOFLAGS: "-mod=mod" };
  run("go", ["install", `sigs.k8s.io/cri-tools/cmd/crictl@${version}`], directory, env);
}

function buildFluentReceiver(directory) {
  const source = join(projectDirectory, "scripts/fluent-receiver");
  run("go", ["build", "-o", join(directory, "fluent-receiver"), "."], source);
}
