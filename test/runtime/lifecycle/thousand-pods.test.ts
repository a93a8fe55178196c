import { readFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { forEachOf } from "../../../src/async/for-each-of.js";
import { type KillableRuntime, startKillableRuntime } from "../support/killable-runtime.js";
import { containerConfig, runPod, startContainer } from "../support/pods.js";
import { pullBusybox } from "../support/test-runtime.js";

/** After these, caches and the heap have their size. */
const warmUp = 200;
const all = 1000;
const atOnce = 4;
/** The collector of Node does not give back at once: this is for a leak of more than some 40 kB a pod. */
const mostGrowthBytes = 32 * 1024 * 1024;

let daemon: KillableRuntime;

beforeAll(async () => {
  daemon = await startKillableRuntime();
  await pullBusybox(daemon);
});

afterAll(async () => {
  expect(await daemon.end()).toEqual([]);
});

/** Every tenth has a container that runs, every fifth is stopped before it is removed. */
async function makeAndRemove(index: number): Promise<void> {
  const podSandboxId = await runPod(daemon);
  if (index % 10 === 0) await startContainer(daemon, podSandboxId, containerConfig(["sleep", "1000"]));
  if (index % 5 === 0) await daemon.runtime.stopPodSandbox({ podSandboxId });
  await daemon.runtime.removePodSandbox({ podSandboxId });
}

const range = (length: number) => Array.from({ length }, (_, index) => index);

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${daemon.pid()}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

describe("a daemon", () => {
  it("that has made and removed a thousand pods holds what it held before", {
    timeout: 900_000,
  }, async () => {
    await forEachOf(range(warmUp), atOnce, makeAndRemove);
    const before = await residentBytes();
    await forEachOf(range(all - warmUp), atOnce, makeAndRemove);
    expect(await daemon.leaked()).toEqual([]);
    expect((await residentBytes()) - before).toBeLessThan(mostGrowthBytes);
  });
});
