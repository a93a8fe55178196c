import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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
  const path = join(directory, "slow-runc");
  await writeFile(path, slowRunc(directory), { mode: 0o755 });
  const config = join(directory, "config.yaml");
  await writeFile(config, `handlers: { runc: { path: ${path} } }\n`);
  daemon = await startKillableRuntime(["--config", config]);
});

afterAll(async () => {
  expect(await daemon.end()).toEqual([]);
  await rm(directory, { recursive: true });
});

/** An OCI runtime that, when the file `hold` has the command that it is given, tells its pid and takes its time. */
function slowRunc(directory: string): string {
  return `#!/bin/sh
if [ -e ${directory}/hold ] && echo "$*" | grep -qw "$(cat ${directory}/hold)"; then
  echo $$ > ${directory}/held
  sleep 5
fi
exec /usr/sbin/runc "$@"
`;
}

/** Resolves to the pid of the held program. */
async function held(): Promise<number> {
  const path = join(directory, "held");
  await until("runc is at work", () => existsSync(path));
  await until("its pid is written", async () => (await readFile(path, "utf8")) !== "");
  await rm(join(directory, "hold"));
  return Number(await readFile(path, "utf8"));
}

describe("what a killed daemon had just started", () => {
  it.each(["create", "start"])(
    "is ended by the next one before it looks around: runc %s",
    async (command) => {
      await rm(join(directory, "held"), { force: true });
      await writeFile(join(directory, "hold"), command);
      const config = { metadata: { name: "demo", namespace: "default", uid: "1" } };
      const call = daemon.runtime.runPodSandbox({ config }).catch((error) => error.code);
      const pid = await held();
      await daemon.kill();
      expect(await call).toBe("unavailable");
      expect(await isAlive(pid)).toBe(true);
      await daemon.restart();
      expect(await isAlive(pid)).toBe(false);
      expect(await found(daemon)).toEqual(nothing);
      const { podSandboxId } = await daemon.runtime.runPodSandbox({ config });
      await daemon.runtime.removePodSandbox({ podSandboxId });
    },
  );
});
