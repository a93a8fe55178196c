import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { imageSourceAnnotation } from "../../../src/image-source.js";
import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { busyboxImage } from "../../../src/testing/busybox-image.js";
import { writeLayout } from "../../../src/testing/image-layout.js";
import { until } from "../../support/until.js";
import { found, told } from "../support/facts.js";
import { type KillableRuntime, startKillableRuntime } from "../support/killable-runtime.js";
import { containerConfig, podConfig } from "../support/pods.js";
import { busybox } from "../support/test-runtime.js";

/** More than any call takes: the sweep ends when a call gets through. */
const mostSteps = 30;

let daemon: KillableRuntime;
let layout: string;

beforeAll(async () => {
  daemon = await startKillableRuntime();
  layout = join(daemon.directory, "busybox");
  const { files, defaults } = await busyboxImage();
  await writeLayout(layout, files, defaults);
  await pull(busybox);
});

afterAll(async () => {
  expect(await daemon.end()).toEqual([]);
});

async function pull(image: string): Promise<void> {
  await daemon.images.pullImage({
    image: { image, annotations: { [imageSourceAnnotation]: `oci:${layout}` } },
  });
}

async function makePod(): Promise<string> {
  return (await daemon.runtime.runPodSandbox({ config: newPodConfig() })).podSandboxId;
}

function newPodConfig() {
  return podConfig(daemon as never, { metadata: { name: "demo", namespace: "default", uid: randomUUID() } });
}

async function makeContainer(podSandboxId: string): Promise<string> {
  const config = containerConfig(["sleep", "1000"]);
  return (await daemon.runtime.createContainer({ podSandboxId, config, sandboxConfig: {} })).containerId;
}

async function makeRunning(podSandboxId: string): Promise<string> {
  const containerId = await makeContainer(podSandboxId);
  await daemon.runtime.startContainer({ containerId });
  return containerId;
}

async function removeAllPods(): Promise<void> {
  for (const { id } of (await daemon.runtime.listPodSandbox({})).items) {
    await daemon.runtime.removePodSandbox({ podSandboxId: id });
  }
}

interface Sweep<T> {
  /** Makes what the call needs. */
  prepare(): Promise<T>;
  /** The call, the same each time. */
  call(prepared: T): Promise<unknown>;
  /** What a user sees once the call has succeeded. */
  check(prepared: T): Promise<void>;
}

/** Kills the daemon at the first step of the call, at the second, and so on until a call gets through. */
async function sweep<T>({ prepare, call, check }: Sweep<T>): Promise<number> {
  for (let step = 1; step < mostSteps; step++) {
    const prepared = await prepare();
    await daemon.killAtStep(step);
    const failed = await call(prepared).then(
      () => false,
      () => true,
    );
    const killed = await daemon.wasKilled();
    expect(failed && !killed, `step ${step}: fails only with the daemon`).toBe(false);
    await daemon.restart();
    await until("records and facts agree", async () => {
      const [records, facts] = [await told(daemon), await found(daemon)];
      return JSON.stringify(records) === JSON.stringify(facts);
    }).catch(async () => expect(await found(daemon), `facts after step ${step}`).toEqual(await told(daemon)));
    // A call whose answer was lost may have been done: doing it again must not fail for that.
    await call(prepared).catch((error) => {
      if (error.code !== "name_reserved" && error.code !== "failed_precondition") throw error;
    });
    await check(prepared);
    await removeAllPods();
    expect(await found(daemon), `left after step ${step}`).toEqual(nothing);
    if (!killed) return step;
  }
  throw new Error(`The call has more than ${mostSteps} steps`);
}

const nothing = { monitors: [], oci: [], records: [], states: [], mounts: [], addresses: [] };

async function stateOfPod(podSandboxId: string): Promise<PodSandboxState | undefined> {
  return (await daemon.runtime.podSandboxStatus({ podSandboxId })).status?.state;
}

async function stateOf(containerId: string): Promise<ContainerState | undefined> {
  return (await daemon.runtime.containerStatus({ containerId })).status?.state;
}

describe("a daemon killed at any step", () => {
  it("of RunPodSandbox leaves no half of a pod, and the call made again succeeds", {
    timeout: 120_000,
  }, async () => {
    const steps = await sweep({
      prepare: async () => newPodConfig(),
      call: (config) => daemon.runtime.runPodSandbox({ config }),
      async check({ metadata }) {
        const { items } = await daemon.runtime.listPodSandbox({});
        expect(items.map((pod) => [pod.metadata?.uid, pod.state])).toEqual([
          [metadata?.uid, PodSandboxState.SANDBOX_READY],
        ]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of CreateContainer leaves no half of a container", { timeout: 120_000 }, async () => {
    const steps = await sweep({
      prepare: async () => ({ podSandboxId: await makePod(), config: containerConfig(["sleep", "1000"]) }),
      call: (request) => daemon.runtime.createContainer({ ...request, sandboxConfig: {} }),
      async check({ config }) {
        const { containers } = await daemon.runtime.listContainers({});
        expect(containers.map(({ metadata, state }) => [metadata?.name, state])).toEqual([
          [config.metadata?.name, ContainerState.CONTAINER_CREATED],
        ]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of StartContainer leaves it created or running, and startable", { timeout: 120_000 }, async () => {
    const steps = await sweep({
      prepare: async () => makeContainer(await makePod()),
      call: (containerId) => daemon.runtime.startContainer({ containerId }),
      check: async (containerId) => expect(await stateOf(containerId)).toBe(ContainerState.CONTAINER_RUNNING),
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of StopContainer finds the end and its code", { timeout: 120_000 }, async () => {
    const steps = await sweep({
      prepare: async () => makeRunning(await makePod()),
      call: (containerId) => daemon.runtime.stopContainer({ containerId, timeout: 0n }),
      async check(containerId) {
        const { status } = await daemon.runtime.containerStatus({ containerId });
        expect([status?.state, status?.exitCode]).toEqual([ContainerState.CONTAINER_EXITED, 137]);
      },
    });
    expect(steps).toBeGreaterThan(1);
  });

  it("of RemoveContainer finishes it", { timeout: 120_000 }, async () => {
    const steps = await sweep({
      prepare: async () => makeRunning(await makePod()),
      call: (containerId) => daemon.runtime.removeContainer({ containerId }),
      check: async () => expect((await daemon.runtime.listContainers({})).containers).toEqual([]),
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of StopPodSandbox finishes it, the address is free", { timeout: 120_000 }, async () => {
    const steps = await sweep({
      async prepare() {
        const pod = await makePod();
        await makeRunning(pod);
        return pod;
      },
      call: (podSandboxId) => daemon.runtime.stopPodSandbox({ podSandboxId }),
      async check(pod) {
        expect(await stateOfPod(pod)).toBe(PodSandboxState.SANDBOX_NOTREADY);
        expect((await found(daemon)).addresses).toEqual([]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of RemovePodSandbox finishes it with its containers", { timeout: 120_000 }, async () => {
    const steps = await sweep({
      async prepare() {
        const pod = await makePod();
        await makeRunning(pod);
        await makeContainer(pod);
        return pod;
      },
      call: (podSandboxId) => daemon.runtime.removePodSandbox({ podSandboxId }),
      check: async () => expect((await daemon.runtime.listPodSandbox({})).items).toEqual([]),
    });
    expect(steps).toBeGreaterThan(4);
  });

  it("of PullImage leaves nothing of it, and the pull made again succeeds", {
    timeout: 120_000,
  }, async () => {
    const steps = await sweep({
      prepare: () => daemon.images.removeImage({ image: { image: busybox } }),
      call: () => pull(busybox),
      async check() {
        const { images } = await daemon.images.listImages({});
        expect(images.flatMap(({ repoTags }) => repoTags)).toEqual([busybox]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });
});
