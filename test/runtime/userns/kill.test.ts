import { afterAll, beforeAll, expect, it } from "vitest";

import { PodSandboxState } from "../../../src/proto.js";
import { type KillableRuntime, startKillableRuntime } from "../support/killable-runtime.js";
import { containerConfig, createContainer, podConfig, runPod } from "../support/pods.js";
import { pullBusybox } from "../support/test-runtime.js";
import { linux, ways } from "./ways.js";

const path = process.env.PATH;
const mostSteps = 60;
const timeout = 300_000;
const [idmapped, shifted] = ways;
const way = idmapped?.leftOut === false ? idmapped : shifted;

let daemon: KillableRuntime;

beforeAll(async () => {
  // Its stock runc: what is held for files and namespaces does not depend on it.
  if (way?.name === "idmapped") process.env.PATH = await way.path("");
  daemon = await startKillableRuntime();
  await pullBusybox(daemon);
}, timeout);

afterAll(async () => {
  process.env.PATH = path;
  expect(await daemon.end()).toEqual([]);
}, timeout);

const sleeping = () => containerConfig(["sleep", "1000"], { linux });

/** Has the daemon die at each step of a call in turn, and the next one free what it held. */
async function sweep<T>(prepare: () => Promise<T>, call: (prepared: T) => Promise<unknown>): Promise<number> {
  for (let step = 1; step < mostSteps; step += 1) {
    const prepared = await prepare();
    await daemon.killAtStep(step);
    await call(prepared).catch(() => {});
    const killed = await daemon.wasKilled();
    await daemon.restart();
    // What is there is whole: it can be used, and goes without a rest.
    for (const { id: podSandboxId, state } of (await daemon.runtime.listPodSandbox({})).items) {
      expect(state).toBe(PodSandboxState.SANDBOX_READY);
      const id = await createContainer(daemon, podSandboxId, sleeping());
      await daemon.runtime.startContainer({ containerId: id });
      await daemon.runtime.removePodSandbox({ podSandboxId });
    }
    expect(await daemon.leaked(), `after a kill at step ${step}`).toEqual([]);
    if (!killed) return step;
  }
  throw new Error(`The call has more than ${mostSteps} steps`);
}

it("A daemon killed at any step of making a pod with a user namespace leaves no half of it", {
  timeout,
}, async () => {
  const steps = await sweep(
    async () => podConfig(daemon, { linux }),
    (config) => daemon.runtime.runPodSandbox({ config }),
  );
  expect(steps).toBeGreaterThan(8);
});

it("A daemon killed at any step of making a container in it leaves no half of that", {
  timeout,
}, async () => {
  const steps = await sweep(
    () => runPod(daemon, { linux }),
    (pod) => createContainer(daemon, pod, sleeping()),
  );
  expect(steps).toBeGreaterThan(5);
});
