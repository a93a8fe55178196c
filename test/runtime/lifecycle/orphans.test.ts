import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { until } from "../../support/until.js";
import { found, nothing } from "../support/facts.js";
import { isAlive } from "../support/insides.js";
import { type KillableRuntime, startKillableRuntime } from "../support/killable-runtime.js";

let directory: string;
let daemon: KillableRuntime;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-slow-"));
  await mkdir(join(directory, "bin"));
  await slow("bridge", "/usr/lib/cni/bridge", "$CNI_COMMAND");
  await slow("runc", "/usr/sbin/runc", "$*");
  const config = join(directory, "config.yaml");
  await writeFile(config, `handlers: { runc: { path: ${join(directory, "bin/runc")} } }\n`);
  const flags = ["--config", config, "--cni-plugin-dir", join(directory, "bin")];
  daemon = await startKillableRuntime([...flags, "--cni-plugin-dir", "/usr/lib/cni"]);
});

afterAll(async () => {
  expect(await daemon.end()).toEqual([]);
  await rm(directory, { recursive: true });
});

/** A program that, when the file `hold-NAME` holds a part of what it is told, tells its pid and takes its time. */
async function slow(name: string, program: string, told: string): Promise<void> {
  const path = join(directory, "bin", name);
  const hold = join(directory, `hold-${name}`);
  const script = `#!/bin/sh
if [ -e ${hold} ] && echo "${told}" | grep -q "$(cat ${hold})"; then
  echo $$ > ${join(directory, `held-${name}`)}
  sleep 5
fi
exec ${program} "$@"
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
}

/** Resolves to the pid of the held program. */
async function held(name: string): Promise<number> {
  const path = join(directory, `held-${name}`);
  await until(`${name} is at work`, () => existsSync(path));
  await until("its pid is written", async () => (await readFile(path, "utf8")) !== "");
  await rm(join(directory, `hold-${name}`));
  return Number(await readFile(path, "utf8"));
}

describe("what a killed daemon had just started", () => {
  it.each([
    ["bridge", "ADD"],
    ["runc", "create"],
    ["runc", "start"],
  ])("is ended by the next one before it looks around: %s %s", async (name, command) => {
    await rm(join(directory, `held-${name}`), { force: true });
    await writeFile(join(directory, `hold-${name}`), command);
    const config = { metadata: { name: "demo", namespace: "default", uid: "1" } };
    const call = daemon.runtime.runPodSandbox({ config }).catch((error) => error.code);
    const pid = await held(name);
    await daemon.kill();
    expect(await call).toBe("unavailable");
    expect(await isAlive(pid)).toBe(true);
    await daemon.restart();
    expect(await isAlive(pid)).toBe(false);
    expect(await found(daemon)).toEqual(nothing);
    const { podSandboxId } = await daemon.runtime.runPodSandbox({ config });
    await daemon.runtime.removePodSandbox({ podSandboxId });
  });
});
