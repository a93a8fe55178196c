import { randomBytes } from "node:crypto";
import type { PodStats } from "crikit";
import { expect, test } from "vitest";
import { unreadableByPrometheus } from "../../support/promtool.js";
import { removeGroup } from "../../support/remove-group.js";
import { until } from "../../support/until.js";
import type { Subject } from "./subject.js";

const MiB = 1024 * 1024;
const busy = "while :; do :; done";
const limited = { linux: { resources: { memoryLimitInBytes: BigInt(50 * MiB) } } };

const measuredMs = (stats: PodStats | undefined) => Number(stats?.cpu?.measuredAt);

/** Three, none of which came so late that the next one followed at once: between those no rate is told. */
function areApart([first, second, third]: readonly PodStats[]): boolean {
  return measuredMs(second) - measuredMs(first) > 100 && measuredMs(third) - measuredMs(second) > 100;
}

/** Usage as handles tell it: the same on every runtime. */
export function handleStatsScenarios(subject: () => Subject): void {
  test("a container tells its cores, memory and limit, and after its end what it wrote", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("handles");
    const container = await runScript(pod, busy, limited);
    const { cpu, memory } = await container.stats({ windowMs: 1_000 });
    expect(cpu?.windowMs).toBeGreaterThan(900);
    // One core at most, and on a machine that has much to do little of one.
    expect(cpu?.cores).toBeGreaterThan(0.01);
    expect(cpu?.cores).toBeLessThan(1.5);
    expect(cpu?.percent).toBe((cpu?.cores ?? 0) * 100);
    expect(memory?.limitBytes).toBe(50 * MiB);
    expect(memory?.percentOfLimit).toBeGreaterThan(0);
    expect(memory?.percentOfLimit).toBeLessThan(50);

    const writer = await runScript(pod, "dd if=/dev/zero of=/big bs=1M count=5", {
      metadata: { name: "writer" },
    });
    await writer.wait();
    await until("what it wrote is measured", async () => {
      const { cpu, memory, filesystem } = await writer.stats();
      expect({ cpu, memory }).toEqual({ cpu: undefined, memory: undefined });
      return (filesystem?.usedBytes ?? 0) >= 5 * MiB;
    });
  });

  test("a pod tells its traffic and its containers, and is an error once it is stopped", async () => {
    const { behaviour, runPod, runScript } = subject();
    const cgroupParent = `/crikit-scenario-${randomBytes(4).toString("hex")}`;
    try {
      await using pod = await runPod("grouped", {}, { linux: { cgroupParent } });
      const container = await runScript(pod, "sleep 1000");
      const stats = await pod.stats();
      expect(stats).toMatchObject({ id: pod.id, metadata: { name: "grouped" }, isSummed: false });
      expect(stats.network?.interfaces[0]).toMatchObject({ name: "eth0", receiveErrors: 0 });
      expect(stats.network?.interfaces[0]?.sentBytes).toBeGreaterThan(0);
      expect(stats.processes).toBe(behaviour.podProcesses ?? stats.processes);
      expect(stats.containers.map(({ id }) => id)).toEqual([container.id]);
      await pod.stop();
      await expect(pod.stats()).rejects.toMatchObject({ code: "failed_precondition" });
      await pod.remove();
      await expect(pod.stats()).rejects.toMatchObject({ code: "not_found" });
    } finally {
      await removeGroup(cgroupParent);
    }
  });

  test("pods tell what they use again and again, whether the runtime tells of pods or of containers", async () => {
    const { cri, behaviour, runPod, runScript } = subject();
    await using pod = await runPod("watched", { watched: "yes" });
    const container = await runScript(pod, busy);
    const samples = [];
    for await (const { pods } of cri.stats({ labels: { watched: "yes" } }, { intervalMs: 500 })) {
      samples.push(...pods);
      if (areApart(samples.slice(-3))) break;
    }
    const [, before, last] = samples.slice(-3);
    expect(last).toMatchObject({ id: pod.id, isSummed: behaviour.podWithoutParent !== "summed" });
    const apartMs = measuredMs(last) - measuredMs(before);
    expect(Math.abs((last?.cpu?.windowMs ?? 0) - apartMs)).toBeLessThanOrEqual(1);
    expect(last?.cpu?.cores).toBeGreaterThan(0.01);
    expect(last?.cpu?.cores).toBeLessThan(1.5);
    expect(last?.memory?.workingSetBytes).toBeGreaterThan(0);
    expect(last?.containers[0]?.cpu?.cores).toBeGreaterThan(0.01);
    const [only] = await cri.containers.stats({ pod, state: "running" });
    expect(only?.id).toBe(container.id);
  });

  test("metrics can be scraped, whether the runtime tells metrics or stats", async () => {
    const { cri, behaviour, image, runPod, runScript } = subject();
    await using pod = await runPod("scraped");
    const container = await runScript(pod, "sleep 1000");
    const metrics = await cri.metrics();
    expect(metrics.unreadable).toBe(0);
    const family = metrics.families.find(({ name }) => name === "container_memory_working_set_bytes");
    const sample = family?.samples.find(({ labels }) => labels.id === container.id);
    expect(sample?.labels).toMatchObject({ image, namespace: "default", pod: "scraped", container: "main" });
    expect(sample?.value).toBeGreaterThan(0);
    expect(await unreadableByPrometheus(metrics.toPrometheus())).toBe("");
    expect(cri.capabilities().listMetricDescriptors).toBe(behaviour.tellsMetrics);
  });
}
