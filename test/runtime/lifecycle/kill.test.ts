import { randomUUID } from "node:crypto";

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageSourceAnnotation } from "../../../src/image-source.js";
import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { writeLayout } from "../../../src/testing/image-layout.js";
import { until } from "../../support/until.js";
import { type Bystander, startBystander } from "../support/bystander.js";
import { found, told } from "../support/facts.js";
import { limitsInForce } from "../support/group-files.js";
import { insides } from "../support/insides.js";
import { type KillableRuntime, startKillableRuntime } from "../support/killable-runtime.js";
import { containerConfig, createContainer, podConfig, runPod, startContainer } from "../support/pods.js";
import { busybox, pullBusybox } from "../support/test-runtime.js";

/** More than any call takes: the sweep ends when a call gets through. */
const mostSteps = 200;
const timeout = 600_000;

let daemon: KillableRuntime;
let bystander: Bystander;

beforeAll(async () => {
  daemon = await startKillableRuntime();
  await pullBusybox(daemon);
  bystander = await startBystander(daemon);
});

afterAll(async () => {
  await bystander.check();
  expect(await daemon.end()).toEqual([]);
});

const volume = { containerPath: "/image", image: { image: busybox }, readonly: true };
const sleeping = () => containerConfig(["sleep", "1000"], { mounts: [volume] });
const named = () => ({ metadata: { name: "demo", namespace: "default", uid: randomUUID() } });

const other = "crikit.test/other:1";

/** An image with a layer that no container stands on. */
async function pullOther(): Promise<void> {
  const layout = join(daemon.directory, "other");
  if (!existsSync(layout)) await writeLayout(layout, { "/file": "content" }, {});
  const annotations = { [imageSourceAnnotation]: `oci:${layout}` };
  await daemon.images.pullImage({ image: { image: other, annotations } });
}

async function podsBut(other: string) {
  return (await daemon.runtime.listPodSandbox({})).items.filter(({ id }) => id !== other);
}

async function containersOf(podSandboxId: string) {
  return (await daemon.runtime.listContainers({ filter: { podSandboxId } })).containers;
}

async function stateOf(containerId: string): Promise<ContainerState | undefined> {
  return (await daemon.runtime.containerStatus({ containerId })).status?.state;
}

async function expectAgreement(when: string): Promise<void> {
  const agree = async () => isDeepStrictEqual(await told(daemon), await found(daemon));
  await until("records and facts agree", agree).catch(() => undefined);
  expect(await found(daemon), when).toEqual(await told(daemon));
}

interface Sweep<T> {
  /** Makes what the call needs. */
  prepare(): Promise<T>;
  /** The call, the same each time. */
  call(prepared: T): Promise<unknown>;
  /** What a user sees once the call has succeeded. */
  check(prepared: T): Promise<void>;
  /** What the call made again may say of what was done by the one whose answer was lost. */
  done?: string;
}

/** Kills the daemon at the first step of the call, at the second, and so on until a call gets through. */
async function sweep<T>({ prepare, call, check, done }: Sweep<T>): Promise<number> {
  for (let step = 1; step < mostSteps; step++) {
    const prepared = await prepare();
    const ending = await bystander.startEnding();
    await daemon.killAtStep(step);
    const failed = await call(prepared).then(
      () => false,
      () => true,
    );
    const killed = await daemon.wasKilled();
    expect(failed && !killed, `step ${step}: fails only with the daemon`).toBe(false);
    await daemon.kill();
    await ending.end();
    await daemon.restart();
    await ending.check();
    await expectAgreement(`after a kill at step ${step}`);
    await call(prepared).catch((error) =>
      expect(error.code, `again after step ${step}: ${error}`).toBe(done),
    );
    await check(prepared);
    for (const { id } of await podsBut(bystander.pod)) {
      await daemon.runtime.removePodSandbox({ podSandboxId: id });
    }
    await expectAgreement(`after the removal after a kill at step ${step}`);
    if (!killed) return step;
  }
  throw new Error(`The call has more than ${mostSteps} steps`);
}

describe("a daemon killed at any step", { timeout }, () => {
  it("of RunPodSandbox leaves no half of a pod, and the call made again succeeds", async () => {
    const steps = await sweep({
      prepare: async () => podConfig(daemon, named()),
      call: (config) => daemon.runtime.runPodSandbox({ config }),
      async check({ metadata }) {
        expect((await podsBut(bystander.pod)).map((pod) => [pod.metadata?.uid, pod.state])).toEqual([
          [metadata?.uid, PodSandboxState.SANDBOX_READY],
        ]);
      },
      done: "name_reserved",
    });
    expect(steps).toBeGreaterThan(5);
  });

  it("of CreateContainer leaves no half of a container, and the call made again succeeds", async () => {
    const steps = await sweep({
      prepare: async () => ({ pod: await runPod(daemon), config: sleeping() }),
      call: ({ pod, config }) => createContainer(daemon, pod, config),
      async check({ pod, config }) {
        expect((await containersOf(pod)).map(({ metadata, state }) => [metadata?.name, state])).toEqual([
          [config.metadata?.name, ContainerState.CONTAINER_CREATED],
        ]);
      },
      done: "name_reserved",
    });
    expect(steps).toBeGreaterThan(3);
  });

  it("of StartContainer leaves it created or running, and startable", async () => {
    const steps = await sweep({
      prepare: async () => createContainer(daemon, await runPod(daemon), sleeping()),
      call: (containerId) => daemon.runtime.startContainer({ containerId }),
      check: async (containerId) => expect(await stateOf(containerId)).toBe(ContainerState.CONTAINER_RUNNING),
      done: "failed_precondition",
    });
    expect(steps).toBeGreaterThan(3);
  });

  it("of StopContainer finds the end and its code", async () => {
    const steps = await sweep({
      prepare: async () => startContainer(daemon, await runPod(daemon), sleeping()),
      call: (containerId) => daemon.runtime.stopContainer({ containerId, timeout: 0n }),
      async check(containerId) {
        const { status } = await daemon.runtime.containerStatus({ containerId });
        expect([status?.state, status?.exitCode]).toEqual([ContainerState.CONTAINER_EXITED, 137]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of what the end of a container asks for finds the end and its code", async () => {
    const steps = await sweep({
      prepare: async () => startContainer(daemon, await runPod(daemon), containerConfig(["sleep", "1000"])),
      async call(id) {
        const { initPid } = await insides(daemon, "containers", id);
        if ((await stateOf(id)) === ContainerState.CONTAINER_RUNNING) process.kill(initPid, "SIGKILL");
        const gone = async () =>
          !(await told(daemon)).oci.includes(id) && !(await found(daemon)).oci.includes(id);
        await until("it is known and all is freed", gone);
      },
      async check(containerId) {
        const { status } = await daemon.runtime.containerStatus({ containerId });
        expect([status?.state, status?.exitCode]).toEqual([ContainerState.CONTAINER_EXITED, 137]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of what the death of a monitor asks for finds an unknown end", async () => {
    const steps = await sweep({
      prepare: async () => startContainer(daemon, await runPod(daemon), containerConfig(["sleep", "1000"])),
      async call(id) {
        const { monitorPid } = await insides(daemon, "containers", id);
        if ((await stateOf(id)) === ContainerState.CONTAINER_RUNNING) process.kill(monitorPid, "SIGKILL");
        const gone = async () =>
          !(await told(daemon)).oci.includes(id) && !(await found(daemon)).oci.includes(id);
        await until("it is known and all is freed", gone);
      },
      async check(containerId) {
        const { status } = await daemon.runtime.containerStatus({ containerId });
        expect([status?.state, status?.exitCode]).toEqual([ContainerState.CONTAINER_EXITED, 255]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of UpdateContainerResources leaves all limits old or all new, as its status tells them", async () => {
    const old = { memoryLimitInBytes: 64n << 20n, cpuQuota: 20_000n, cpuPeriod: 50_000n, oomScoreAdj: 100n };
    const next = { memoryLimitInBytes: 96n << 20n, cpuQuota: 30_000n, cpuPeriod: 60_000n, oomScoreAdj: 200n };
    const sweepWith = (linux: Partial<typeof old> & { cpusetCpus?: string }, code?: string) =>
      sweep({
        prepare: async () => {
          const config = containerConfig(["sleep", "1000"], { linux: { resources: old } });
          return startContainer(daemon, await runPod(daemon), config);
        },
        async call(containerId) {
          const update = daemon.runtime.updateContainerResources({ containerId, linux });
          await update.catch((error) => {
            if (error.code !== code) throw error;
          });
        },
        async check(containerId) {
          const { status } = await daemon.runtime.containerStatus({ containerId });
          const { memoryLimitInBytes, cpuQuota, cpuPeriod, oomScoreAdj } = status?.resources?.linux ?? old;
          const told = { memoryLimitInBytes, cpuQuota, cpuPeriod, oomScoreAdj };
          expect(told).toEqual(code === undefined ? next : old);
          expect(await limitsInForce(daemon, containerId)).toEqual(told);
        },
      });
    expect(await sweepWith(next)).toBeGreaterThan(3);
    // No machine has this processor: the kernel refuses it, after others of the limits have been set.
    await sweepWith({ ...next, cpusetCpus: "4000" }, "failed_precondition");
  });

  it("of RemoveContainer finishes it", async () => {
    const steps = await sweep({
      prepare: async () => startContainer(daemon, await runPod(daemon), sleeping()),
      call: (containerId) => daemon.runtime.removeContainer({ containerId }),
      async check() {
        const [pod] = await podsBut(bystander.pod);
        expect(await containersOf(pod?.id ?? "")).toEqual([]);
      },
    });
    expect(steps).toBeGreaterThan(2);
  });

  it("of StopPodSandbox finishes it, the address is free", async () => {
    const steps = await sweep({
      async prepare() {
        const pod = await runPod(daemon);
        await startContainer(daemon, pod, sleeping());
        return pod;
      },
      call: (podSandboxId) => daemon.runtime.stopPodSandbox({ podSandboxId }),
      async check(podSandboxId) {
        const { status } = await daemon.runtime.podSandboxStatus({ podSandboxId });
        expect(status?.state).toBe(PodSandboxState.SANDBOX_NOTREADY);
        expect((await found(daemon)).attachments).toEqual([bystander.pod]);
      },
    });
    expect(steps).toBeGreaterThan(5);
  });

  it("of RemovePodSandbox finishes it with its containers", async () => {
    const steps = await sweep({
      async prepare() {
        const pod = await runPod(daemon);
        await startContainer(daemon, pod, sleeping());
        await createContainer(daemon, pod, sleeping());
        return pod;
      },
      call: (podSandboxId) => daemon.runtime.removePodSandbox({ podSandboxId }),
      check: async () => expect(await podsBut(bystander.pod)).toEqual([]),
    });
    expect(steps).toBeGreaterThan(8);
  });

  it("of PullImage leaves nothing of it, and the pull made again succeeds", async () => {
    const layers = async () => (await readdir(join(daemon.directory, "root/layers"))).length;
    const before = await layers();
    const steps = await sweep({
      async prepare() {
        await daemon.images.removeImage({ image: { image: other } });
        expect(await layers()).toBe(before);
      },
      call: pullOther,
      async check() {
        const { images } = await daemon.images.listImages({});
        expect(images.flatMap(({ repoTags }) => repoTags).sort()).toEqual([busybox, other]);
        expect(await layers()).toBe(before + 1);
      },
    });
    expect(steps).toBeGreaterThan(4);
  });

  it("of its own recovery is recovered from by the next one", async () => {
    for (const step of [5, 12, 18]) {
      const [starting, stopping, removing] = await Promise.all([1, 2, 3].map(() => runPod(daemon)));
      const created = await createContainer(daemon, starting ?? "", sleeping());
      for (const pod of [stopping, removing]) await startContainer(daemon, pod ?? "", sleeping());
      await daemon.killAtStep(step);
      await Promise.allSettled([
        daemon.runtime.runPodSandbox({ config: podConfig(daemon, named()) }),
        daemon.runtime.startContainer({ containerId: created }),
        daemon.runtime.stopPodSandbox({ podSandboxId: stopping ?? "" }),
        daemon.runtime.removePodSandbox({ podSandboxId: removing ?? "" }),
      ]);
      expect(await daemon.wasKilled()).toBe(true);
      let deaths = 0;
      while (!(await daemon.restartToDie(deaths + 1))) deaths += 1;
      expect(deaths).toBeGreaterThan(1);
      await daemon.restart();
      await expectAgreement(`after ${deaths} deaths of the recovery from a kill at step ${step}`);
      for (const { id } of await podsBut(bystander.pod)) {
        await daemon.runtime.removePodSandbox({ podSandboxId: id });
      }
      await expectAgreement("after the removal");
    }
  });
});
