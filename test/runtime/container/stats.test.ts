import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { groupFiles } from "../support/group-files.js";
import {
  containerConfig,
  createContainer,
  runPod,
  startContainer,
  startReady,
  statusOf,
} from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const MiB = 1024 * 1024;

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

async function statsOf(containerId: string) {
  const { stats } = await test.runtime.containerStats({ containerId });
  if (!stats) throw new Error("The answer has no stats");
  return stats;
}

const number = (wrapped: { value: bigint } | undefined) => Number(wrapped?.value);

/** Holds 30 MiB of memory and 20 MiB of files, and keeps a core busy. */
const busy = [
  "dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null",
  "for i in 1 2 3 4 5; do echo $i > /small-$i; done",
  "held=$(head -c 31457280 /dev/zero | tr '\\0' x)",
  "echo ready",
  "while :; do :; done",
].join("; ");

describe("ContainerStats", () => {
  it("tells of processor and memory what the container's control group tells", async () => {
    const pod = await runPod(test);
    const limit = 512 * MiB;
    const id = await startReady(
      test,
      pod,
      containerConfig(["sh", "-c", busy], {
        labels: { kind: "busy" },
        linux: { resources: { memoryLimitInBytes: BigInt(limit) } },
      }),
    );
    const group = await groupFiles(test, id);
    expect(group.unified, "this test reads the files of version 1").toBe(false);
    const before = await group.number("cpuacct", "cpuacct.usage");
    const { attributes, cpu, memory, swap } = await statsOf(id);
    const after = await group.number("cpuacct", "cpuacct.usage");

    expect(attributes).toMatchObject({ id, labels: { kind: "busy" } });
    expect(number(cpu?.usageCoreNanoSeconds)).toBeGreaterThanOrEqual(before);
    expect(number(cpu?.usageCoreNanoSeconds)).toBeLessThanOrEqual(after);
    expect(before).toBeGreaterThan(0);
    expect(Math.abs(Number(cpu?.timestamp) / 1e6 - Date.now())).toBeLessThan(5000);

    const usage = await group.number("memory", "memory.usage_in_bytes");
    const near = 4 * MiB;
    expect(Math.abs(number(memory?.usageBytes) - usage)).toBeLessThan(near);
    const inactive = await group.stat("total_inactive_file");
    expect(Math.abs(number(memory?.workingSetBytes) - (usage - inactive))).toBeLessThan(near);
    expect(number(memory?.availableBytes)).toBe(limit - number(memory?.workingSetBytes));
    expect(number(memory?.rssBytes)).toBeGreaterThan(30 * MiB);
    expect(Math.abs(number(memory?.rssBytes) - (await group.stat("total_rss")))).toBeLessThan(near);
    expect(number(memory?.pageFaults)).toBeGreaterThan(0);
    expect(number(memory?.majorPageFaults)).toBeLessThanOrEqual(await group.stat("total_pgmajfault"));
    // Without a swap limit of its own a container may not swap.
    expect(swap).toMatchObject({ swapUsageBytes: { value: 0n }, swapAvailableBytes: { value: 0n } });
  });

  it("tells the pressure that a hybrid host counts in its tree of version 2", async () => {
    const id = await startReady(test, await runPod(test), containerConfig(["sh", "-c", busy]));
    const { cpu, memory, io } = await statsOf(id);
    const group = await groupFiles(test, id);
    const micros = Number(/^some .* total=(\d+)$/m.exec(await group.read("", "cpu.pressure"))?.[1]);
    expect(Number(cpu?.psi?.Some?.Total)).toBeLessThanOrEqual(micros * 1000);
    expect(Number(cpu?.psi?.Some?.Total) % 1000).toBe(0);
    expect(memory?.psi?.Full).toBeDefined();
    expect(io?.psi?.Some).toBeDefined();
  });

  it("has no rate at first, and then that of the time between two calls", async () => {
    const id = await startReady(test, await runPod(test), containerConfig(["sh", "-c", busy]));
    const first = (await statsOf(id)).cpu;
    expect(first?.usageNanoCores).toBeUndefined();
    let last = first;
    await until("there is a rate", async () => {
      last = (await statsOf(id)).cpu;
      return last?.usageNanoCores !== undefined;
    });
    const used = number(last?.usageCoreNanoSeconds) - number(first?.usageCoreNanoSeconds);
    const expected = (used / (Number(last?.timestamp) - Number(first?.timestamp))) * 1e9;
    expect(number(last?.usageNanoCores) / expected).toBeGreaterThan(0.9);
    expect(number(last?.usageNanoCores) / expected).toBeLessThan(1.1);
    expect(number(last?.usageNanoCores)).toBeLessThan(1.2e9);
  });

  it("tells no limit and no rest where there is no limit", async () => {
    const id = await startContainer(test, await runPod(test), containerConfig(["sleep", "1000"]));
    const { memory, swap } = await statsOf(id);
    expect(memory?.usageBytes).toBeDefined();
    expect(memory?.availableBytes).toBeUndefined();
    expect(swap?.swapAvailableBytes).toBeUndefined();
  });

  it("tells what the container has written on its own layer, and that after its end too", async () => {
    const pod = await runPod(test);
    const script =
      "dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null; mkdir /d; echo a > /d/a; ln /d/a /d/b";
    const id = await startContainer(test, pod, containerConfig(["sh", "-c", script]));
    await until("it has ended", async () => {
      return (await statusOf(test, id)).state === ContainerState.CONTAINER_EXITED;
    });
    const { cpu, memory, writableLayer } = await statsOf(id);
    expect({ cpu, memory }).toEqual({ cpu: undefined, memory: undefined });
    expect(number(writableLayer?.usedBytes)).toBeGreaterThan(20 * MiB);
    expect(number(writableLayer?.usedBytes)).toBeLessThan(21 * MiB);
    // The layer itself, what was written with its directory, and what the runtime had to add.
    const written = 4;
    expect(number(writableLayer?.inodesUsed)).toBeGreaterThanOrEqual(written);
    expect(number(writableLayer?.inodesUsed)).toBeLessThan(20);
    expect(writableLayer?.fsId?.mountpoint).toBe(`${test.config.root}/containers`);
  });

  it("of a container that was not started tells of its layer alone", async () => {
    const id = await createContainer(test, await runPod(test), containerConfig(["true"]));
    const { cpu, memory, writableLayer } = await statsOf(id);
    expect({ cpu, memory }).toEqual({ cpu: undefined, memory: undefined });
    expect(writableLayer?.inodesUsed).toBeDefined();
  });

  it("takes an ID prefix, and does not find what is not there", async () => {
    const id = await createContainer(test, await runPod(test), containerConfig(["true"]));
    expect((await statsOf(id.slice(0, 12))).attributes?.id).toBe(id);
    await expect(statsOf("f".repeat(64))).rejects.toMatchObject({ code: "not_found" });
    await expect(statsOf("")).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("ListContainerStats", () => {
  const list = async (filter?: Parameters<TestRuntime["runtime"]["listContainerStats"]>[0]["filter"]) => {
    const { stats } = await test.runtime.listContainerStats(filter ? { filter } : {});
    return stats.map(({ attributes }) => attributes?.id);
  };

  it("lists by ID prefix, pod and labels, and all without a filter", async () => {
    const [one, two] = [await runPod(test), await runPod(test)];
    const sleep = (labels: Record<string, string>) => containerConfig(["sleep", "1000"], { labels });
    const a = await startContainer(test, one, sleep({ app: "a" }));
    const b = await startContainer(test, one, sleep({ app: "b" }));
    const c = await startContainer(test, two, sleep({ app: "a", tier: "x" }));
    expect(await list()).toEqual([c, b, a]);
    expect(await list({})).toEqual([c, b, a]);
    expect(await list({ id: a.slice(0, 10) })).toEqual([a]);
    expect(await list({ podSandboxId: one })).toEqual([b, a]);
    expect(await list({ labelSelector: { app: "a" } })).toEqual([c, a]);
    expect(await list({ podSandboxId: one, labelSelector: { app: "a" } })).toEqual([a]);
    expect(await list({ id: "f".repeat(64) })).toEqual([]);
  });

  it("does not fail over containers that end or are removed meanwhile, nor tell zeros of them", async () => {
    const pod = await runPod(test);
    const ids = await Promise.all(
      ["0", "0.1", "0.2", "0.3", "0.4", "0.5"].map((time) => {
        return startContainer(test, pod, containerConfig(["sleep", time]));
      }),
    );
    let over = false;
    const polling = (async () => {
      while (!over) {
        const { stats } = await test.runtime.listContainerStats({});
        for (const { memory } of stats) if (memory) expect(number(memory.usageBytes)).toBeGreaterThan(0);
      }
    })();
    await until("all have ended", async () => {
      const { containers } = await test.runtime.listContainers({});
      return containers.every(({ state }) => state === ContainerState.CONTAINER_EXITED);
    });
    for (const containerId of ids) await test.runtime.removeContainer({ containerId });
    over = true;
    await polling;
  });
});
