import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { groupFiles, limitsInForce } from "../support/group-files.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const MiB = 1024n * 1024n;

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

type Limits = Parameters<TestRuntime["runtime"]["updateContainerResources"]>[0]["linux"];

const sleeping = (resources: NonNullable<Limits> = {}) =>
  containerConfig(["sleep", "1000"], { linux: { resources } });

async function update(containerId: string, linux: NonNullable<Limits>): Promise<void> {
  await test.runtime.updateContainerResources({ containerId, linux });
}

const limitsOf = (containerId: string) => limitsInForce(test, containerId);

describe("UpdateContainerResources", () => {
  it("limits a running container anew, and its status tells it", async () => {
    const id = await startContainer(test, await runPod(test), sleeping({ memoryLimitInBytes: 64n * MiB }));
    await update(id, { cpuQuota: 20_000n, cpuPeriod: 50_000n, cpuShares: 512n });
    expect(await limitsOf(id)).toMatchObject({
      cpuQuota: 20_000n,
      cpuPeriod: 50_000n,
      memoryLimitInBytes: 64n * MiB,
    });
    await update(id, { memoryLimitInBytes: 96n * MiB });
    expect(await limitsOf(id)).toMatchObject({
      cpuQuota: 20_000n,
      cpuPeriod: 50_000n,
      memoryLimitInBytes: 96n * MiB,
    });
    expect((await statusOf(test, id)).resources?.linux).toMatchObject({
      cpuQuota: 20_000n,
      cpuPeriod: 50_000n,
      cpuShares: 512n,
      memoryLimitInBytes: 96n * MiB,
    });
    const { containersStatuses } = await test.runtime.podSandboxStatus({
      podSandboxId: (await test.runtime.listPodSandbox({})).items[0]?.id ?? "",
    });
    expect(containersStatuses[0]?.resources?.linux?.memoryLimitInBytes).toBe(96n * MiB);
  });

  it("takes a limit away again", async () => {
    const id = await startContainer(
      test,
      await runPod(test),
      sleeping({ memoryLimitInBytes: 64n * MiB, cpuQuota: 20_000n }),
    );
    const unlimited = await limitsOf(await startContainer(test, await runPod(test), sleeping()));
    await update(id, { memoryLimitInBytes: -1n, cpuQuota: -1n });
    expect(await limitsOf(id)).toEqual(unlimited);
  });

  it("has its new OOM score in each process, and keeps it when none is given", async () => {
    const script = "sleep 1000 & sleep 1000 & wait";
    const id = await startContainer(test, await runPod(test), containerConfig(["sh", "-c", script]));
    const group = await groupFiles(test, id);
    const pids = async () => (await group.read("memory", "cgroup.procs")).trim().split("\n");
    await until("all have been forked", async () => (await pids()).length === 3);
    await update(id, { oomScoreAdj: 321n });
    await update(id, { cpuShares: 100n });
    const scores = (await pids()).map((pid) => readFile(`/proc/${pid}/oom_score_adj`, "utf8"));
    expect(await Promise.all(scores)).toEqual(["321\n", "321\n", "321\n"]);
    expect((await statusOf(test, id)).resources?.linux?.oomScoreAdj).toBe(321n);
  });

  it("has a created container start with what it was told last, also after a restart", async () => {
    const id = await createContainer(test, await runPod(test), sleeping({ memoryLimitInBytes: 64n * MiB }));
    await update(id, { cpuQuota: 20_000n });
    await update(id, { cpuQuota: 30_000n, memoryLimitInBytes: 80n * MiB, oomScoreAdj: 77n });
    await test.restart();
    await test.runtime.startContainer({ containerId: id });
    expect(await limitsOf(id)).toMatchObject({
      cpuQuota: 30_000n,
      memoryLimitInBytes: 80n * MiB,
      oomScoreAdj: 77n,
    });
    expect((await statusOf(test, id)).resources?.linux).toMatchObject({ cpuQuota: 30_000n });
  });

  it("takes note of it for a container that has ended", async () => {
    const id = await startContainer(test, await runPod(test), containerConfig(["true"]));
    const ended = async () => (await statusOf(test, id)).state === ContainerState.CONTAINER_EXITED;
    await until("it has ended", ended);
    await update(id, { cpuShares: 512n });
    expect((await statusOf(test, id)).resources?.linux?.cpuShares).toBe(512n);
  });

  it("leaves everything as it was when the kernel refuses a part of it", async () => {
    const id = await startContainer(test, await runPod(test), sleeping({ cpuShares: 512n }));
    const before = await limitsOf(id);
    const beyond = { memoryLimitInBytes: 64n * MiB, cpuQuota: 20_000n, cpusetCpus: "4000" };
    await expect(update(id, beyond)).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(update(id, beyond)).rejects.toThrow(/stay as they were: .*cpuset/);
    expect(await limitsOf(id)).toEqual(before);
    expect((await statusOf(test, id)).resources?.linux).toMatchObject({
      cpuShares: 512n,
      cpuQuota: 0n,
      memoryLimitInBytes: 0n,
      cpusetCpus: "",
    });
    // What was refused is not brought along by the next update.
    await update(id, { cpuQuota: 40_000n });
    expect(await limitsOf(id)).toEqual({ ...before, cpuQuota: 40_000n });
  });

  it("refuses a memory limit below what is in use", async () => {
    const script = "held=$(head -c 31457280 /dev/zero | tr '\\0' x); echo ready; while :; do sleep 1; done";
    const id = await startContainer(test, await runPod(test), containerConfig(["sh", "-c", script]));
    const { logPath } = await statusOf(test, id);
    await until("it holds its memory", async () => (await readFile(logPath, "utf8")).includes("ready"));
    if ((await groupFiles(test, id)).unified) return;
    const before = await limitsOf(id);
    await expect(update(id, { memoryLimitInBytes: MiB })).rejects.toMatchObject({
      code: "failed_precondition",
    });
    expect(await limitsOf(id)).toEqual(before);
  });

  it.each([
    ["cpu_period", { cpuPeriod: 10n }],
    ["cpu_quota", { cpuQuota: 10n }],
    ["cpu_shares", { cpuShares: -2n }],
    ["cpuset_cpus", { cpusetCpus: "0-" }],
    ["cpuset_mems", { cpusetMems: "zero" }],
    ["memory_limit_in_bytes", { memoryLimitInBytes: -5n }],
    ["memory_swap_limit_in_bytes", { memoryLimitInBytes: 10n, memorySwapLimitInBytes: 5n }],
    ["oom_score_adj", { oomScoreAdj: 2000n }],
  ])("names %s when no kernel takes it", async (field, linux) => {
    const id = await createContainer(test, await runPod(test), sleeping());
    await expect(update(id, linux)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(`linux.${field} `),
    });
    const config = sleeping(linux);
    await expect(createContainer(test, await runPod(test), config)).rejects.toThrow(
      `config.linux.resources.${field} `,
    );
  });

  it("knows no container that is not there, and wants limits", async () => {
    await expect(update("0".repeat(64), {})).rejects.toMatchObject({ code: "not_found" });
    await expect(test.runtime.updateContainerResources({ containerId: "1" })).rejects.toThrow(
      "linux is required",
    );
  });
});

describe("UpdatePodSandboxResources", () => {
  it("takes note of the pod's resources, and tells them in its verbose status", async () => {
    const pod = await runPod(test);
    await test.runtime.updatePodSandboxResources({ podSandboxId: pod, overhead: { cpuShares: 10n } });
    await test.runtime.updatePodSandboxResources({
      podSandboxId: pod,
      resources: { memoryLimitInBytes: 64n * MiB },
    });
    await test.restart();
    const { info } = await test.runtime.podSandboxStatus({ podSandboxId: pod, verbose: true });
    expect(JSON.parse(info.info ?? "").config.linux).toMatchObject({
      overhead: { cpu_shares: 10 },
      resources: { memory_limit_in_bytes: Number(64n * MiB) },
    });
  });

  it("refuses what no kernel takes, and knows no pod that is not there", async () => {
    const pod = await runPod(test);
    await expect(
      test.runtime.updatePodSandboxResources({ podSandboxId: pod, resources: { cpuQuota: 1n } }),
    ).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(
      test.runtime.updatePodSandboxResources({ podSandboxId: "0".repeat(64) }),
    ).rejects.toMatchObject({ code: "not_found" });
  });
});
