import { randomBytes } from "node:crypto";
import type { OwnedContainer } from "crikit";
import { expect, test } from "vitest";
import { removeGroup } from "../../support/remove-group.js";
import { until } from "../../support/until.js";
import type { Abilities } from "./behaviour.js";
import type { Subject } from "./subject.js";
import { testWhere } from "./test-where.js";

const MiB = 1024 * 1024;
const number = (wrapped: { value: bigint } | undefined) => Number(wrapped?.value);

/** Writes 20 MiB, holds 30 MiB of memory, says `ready`, and keeps a core busy. */
const busy = [
  "dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null",
  "held=$(head -c 31457280 /dev/zero | tr '\\0' x)",
  "echo ready",
  "while :; do :; done",
].join("; ");

/** Takes 200 MB of memory, or is killed for trying. */
const hog = "tail -c 200000000 /dev/zero";
const limitedTo = (bytes: number) => ({ linux: { resources: { memoryLimitInBytes: BigInt(bytes) } } });

async function untilReady(container: OwnedContainer): Promise<void> {
  for await (const { text } of container.logs({ follow: true })) if (text === "ready") return;
}

export function statsScenarios(subject: () => Subject, able: Abilities): void {
  const statsOf = async (containerId: string) => {
    const { stats } = await subject().cri.runtime.containerStats({ containerId });
    return stats;
  };
  const listed = async (filter: {
    id?: string;
    podSandboxId?: string;
    labelSelector?: Record<string, string>;
  }) => {
    return (await subject().cri.runtime.listContainerStats({ filter })).stats;
  };

  const figure = (value: { readonly value: bigint } | undefined) => value && expect.objectContaining(value);

  testWhere(able.limitsAreKernels)(
    "stats tell what a container takes of memory, processor and disk",
    async () => {
      const { behaviour, runPod, runScript } = subject();
      await using pod = await runPod("busy");
      const container = await runScript(pod, busy, limitedTo(200 * MiB));
      await untilReady(container);
      const [first] = await listed({ id: container.id });
      expect(first?.cpu?.usageNanoCores).toEqual(figure(behaviour.firstRate));
      const { memory } = first ?? {};
      expect(number(memory?.rssBytes) / MiB).toBeGreaterThan(30);
      expect(number(memory?.rssBytes) / MiB).toBeLessThan(70);
      expect(number(memory?.usageBytes)).toBeGreaterThanOrEqual(number(memory?.workingSetBytes));
      expect(number(memory?.workingSetBytes)).toBeGreaterThanOrEqual(number(memory?.rssBytes));
      expect(number(memory?.availableBytes)).toBe(200 * MiB - number(memory?.workingSetBytes));
      expect(number(memory?.pageFaults)).toBeGreaterThan(1000);

      // A rate needs two samples, apart from each other; the disk is looked at every ten seconds.
      await until("processor and disk are measured", async () => {
        const [stats] = await listed({ id: container.id });
        const { usageNanoCores } = stats?.cpu ?? {};
        const wroteAll = number(stats?.writableLayer?.usedBytes) >= 20 * MiB;
        return wroteAll && number(usageNanoCores) > 0;
      });
      const last = await statsOf(container.id);
      expect(number(last?.writableLayer?.usedBytes) / MiB).toBeLessThan(20.5);
      expect(number(last?.writableLayer?.inodesUsed)).toBeGreaterThan(1);
      expect(number(last?.writableLayer?.inodesUsed)).toBeLessThan(20);
      const used = number(last?.cpu?.usageCoreNanoSeconds) - number(first?.cpu?.usageCoreNanoSeconds);
      const elapsed = Number(last?.cpu?.timestamp) - Number(first?.cpu?.timestamp);
      expect(used / elapsed).toBeGreaterThan(0.05);
      expect(used / elapsed).toBeLessThan(1.1);
    },
  );

  test("a container that has ended is listed for what it wrote, and uses nothing", async () => {
    const { behaviour, runPod, runScript } = subject();
    await using pod = await runPod("wrote");
    const container = await runScript(pod, "dd if=/dev/zero of=/big bs=1M count=5");
    await container.wait();
    await until("its layer is measured", async () => {
      const [stats] = await listed({ id: container.id });
      expect({ cpu: stats?.cpu, memory: stats?.memory }).toEqual({ cpu: undefined, memory: undefined });
      return number(stats?.writableLayer?.usedBytes) >= 5 * MiB;
    });
    const alone = statsOf(container.id);
    if (behaviour.statsOfEnded === "layer") expect((await alone)?.writableLayer).toBeDefined();
    else await expect(alone).rejects.toMatchObject({ code: behaviour.statsOfEnded });
  });

  test("stats are listed by ID prefix, pod and labels", async () => {
    const { behaviour, cri, runPod, runScript } = subject();
    await using one = await runPod("one");
    await using two = await runPod("two");
    const a = await runScript(one, "sleep 1000", { metadata: { name: "a" }, labels: { stats: "a" } });
    const b = await runScript(one, "sleep 1000", { metadata: { name: "b" }, labels: { stats: "b" } });
    const c = await runScript(two, "sleep 1000", { labels: { stats: "a" } });
    const ids = async (filter: Parameters<typeof listed>[0]) => {
      return (await listed(filter)).map(({ attributes }) => attributes?.id).sort();
    };
    expect(await ids({ id: a.id.slice(0, 13) })).toEqual([a.id]);
    expect(await ids({ podSandboxId: one.id })).toEqual([a.id, b.id].sort());
    expect(await ids({ labelSelector: { stats: "a" } })).toEqual([a.id, c.id].sort());
    expect(await ids({ id: "f".repeat(64) })).toEqual([]);
    const { stats } = await cri.runtime.listContainerStats({});
    expect(stats.map(({ attributes }) => attributes?.id)).toEqual(expect.arrayContaining([a.id, b.id, c.id]));
    const [unlimited] = await listed({ id: a.id });
    expect(unlimited?.memory?.availableBytes).toEqual(figure(behaviour.leftOfNoLimit));
    await expect(statsOf("f".repeat(64))).rejects.toMatchObject({ code: "not_found" });
    const ofNoPod = cri.runtime.podSandboxStats({ podSandboxId: "f".repeat(64) });
    await expect(ofNoPod).rejects.toMatchObject({ code: "not_found" });
  });

  test("stats of a pod tell its group's figures, its traffic and its containers", async () => {
    const { cri, behaviour, runPod, runScript } = subject();
    const cgroupParent = `/crikit-scenario-${randomBytes(4).toString("hex")}`;
    try {
      await using pod = await runPod("measured", {}, { linux: { cgroupParent } });
      const container = await runScript(pod, "sleep 1000");
      const { stats } = await cri.runtime.podSandboxStats({ podSandboxId: pod.id });
      const { cpu, memory, network, process, containers = [] } = stats?.linux ?? {};
      expect(stats?.attributes).toMatchObject({ id: pod.id, metadata: { name: "measured" } });
      expect(containers.map(({ attributes }) => attributes?.id)).toEqual([container.id]);
      const [only] = containers;
      expect(number(cpu?.usageCoreNanoSeconds)).toBeGreaterThan(number(only?.cpu?.usageCoreNanoSeconds));
      expect(number(memory?.usageBytes)).toBeGreaterThan(number(only?.memory?.usageBytes));
      const processes = number(process?.processCount);
      expect(processes).toBe(behaviour.podProcesses ?? processes);
      expect(network?.defaultInterface?.name).toBe("eth0");
      expect(number(network?.defaultInterface?.txBytes)).toBeGreaterThan(0);
      await pod.stop();
      const stopped = cri.runtime.podSandboxStats({ podSandboxId: pod.id });
      await expect(stopped).rejects.toMatchObject({ code: behaviour.statsOfStoppedPod });
      await expect(cri.runtime.listPodSandboxStats({ filter: { id: pod.id } })).resolves.toMatchObject({
        stats: [],
      });
    } finally {
      await removeGroup(cgroupParent);
    }
  });

  test("stats of a pod without a group of its own", async () => {
    const { cri, behaviour, runPod } = subject();
    await using pod = await runPod("groupless");
    const stats = cri.runtime.podSandboxStats({ podSandboxId: pod.id });
    if (behaviour.podWithoutParent === "summed") {
      expect(number((await stats).stats?.linux?.memory?.usageBytes)).toBeGreaterThan(0);
    } else {
      await expect(stats).rejects.toMatchObject({ code: behaviour.podWithoutParent });
    }
  });

  test("a container killed for its memory limit says so", async () => {
    const { behaviour, runPod, runScript } = subject();
    await using pod = await runPod("greedy");
    const limit = limitedTo(20 * MiB);
    const itself = await runScript(pod, `exec ${hog}`, { metadata: { name: "itself" }, ...limit });
    expect(await itself.wait()).toMatchObject({
      exitCode: 137,
      reason: expect.stringMatching(behaviour.reasonAfterOom),
    });
    const child = await runScript(pod, `${hog}; exit 3`, { metadata: { name: "child" }, ...limit });
    expect(await child.wait()).toMatchObject({
      exitCode: behaviour.outlivesChildOom ? 3 : 137,
      reason: expect.stringMatching(behaviour.reasonAfterChildOom),
    });
  });
}
