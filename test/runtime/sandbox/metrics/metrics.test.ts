import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Metric, MetricType, NamespaceMode, type PodSandboxMetrics } from "../../../../src/proto.js";
import { until } from "../../../support/until.js";
import { containerConfig, runPod, startContainer, startReady } from "../../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../../support/test-runtime.js";
import { askedByCritest } from "./asked-by-critest.js";

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

const limited = {
  cpuPeriod: 100_000n,
  cpuQuota: 20_000n,
  cpuShares: 1024n,
  memoryLimitInBytes: 64n * 1024n * 1024n,
  memorySwapLimitInBytes: 64n * 1024n * 1024n,
};

async function metricsOf(podId: string): Promise<PodSandboxMetrics> {
  const { podMetrics } = await test.runtime.listPodSandboxMetrics({});
  const found = podMetrics.find(({ podSandboxId }) => podSandboxId === podId);
  if (!found) throw new Error("The pod has no metrics");
  return found;
}

const allOf = ({ metrics, containerMetrics }: PodSandboxMetrics): Metric[] => [
  ...metrics,
  ...containerMetrics.flatMap((container) => container.metrics),
];

const value = (metrics: readonly Metric[], name: string, ...labels: string[]) =>
  metrics.find(
    (metric) => metric.name === name && labels.every((label) => metric.labelValues.includes(label)),
  )?.value?.value;

describe("metrics of pods", () => {
  it("are those that critest asks for, each with the labels of its descriptor", async () => {
    const { descriptors } = await test.runtime.listMetricDescriptors({});
    const keys = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys]));
    expect(keys.size).toBe(descriptors.length);
    for (const { name, help } of descriptors) expect(help, name).toMatch(/^[A-Z].*\.$/);
    expect([...keys.keys()]).toEqual(
      expect.arrayContaining([...askedByCritest.always, ...askedByCritest.described]),
    );

    const pod = await runPod(test);
    const config = containerConfig(["sleep", "1000"], { linux: { resources: limited } });
    const container = await startContainer(test, pod, config);
    const metrics = await metricsOf(pod);
    expect(metrics.containerMetrics.map(({ containerId }) => containerId)).toEqual([container]);
    const names = new Set(allOf(metrics).map(({ name }) => name));
    expect([...names]).toEqual(expect.arrayContaining(askedByCritest.always));
    for (const { name, labelValues, timestamp, value: figure } of allOf(metrics)) {
      expect(labelValues.length, name).toBe(keys.get(name)?.length);
      expect(Math.abs(Number(timestamp) / 1e6 - Date.now()), name).toBeLessThan(30_000);
      expect(figure, name).toBeDefined();
    }
    for (const { name, labelValues } of metrics.containerMetrics[0]?.metrics ?? []) {
      const labels = Object.fromEntries(keys.get(name)?.map((key, index) => [key, labelValues[index]]) ?? []);
      expect(labels, name).toMatchObject({
        id: container,
        image: config.image?.image,
        namespace: "default",
        pod: "demo",
        container: config.metadata?.name,
      });
    }
    await test.runtime.removePodSandbox({ podSandboxId: pod });
  });

  it("tell what a container does: processor, memory, files, sockets, limits, what it wrote", async () => {
    const script = [
      "dd if=/dev/zero of=/big bs=1M count=5 2>/dev/null",
      "nc -l -p 8080 & exec 7</etc/hosts 8</etc/hosts 9</etc/hosts",
      "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo ready; while :; do :; done",
    ].join("; ");
    const resources = { memoryLimitInBytes: limited.memoryLimitInBytes };
    const pod = await runPod(test);
    const config = containerConfig(["sh", "-c", script], { linux: { resources } });
    const before = BigInt(Date.now()) / 1000n;
    const containerId = await startReady(test, pod, config);
    let metrics: Metric[] = [];
    await until("a second of processor time was used, and what was written is measured", async () => {
      metrics = (await metricsOf(pod)).containerMetrics[0]?.metrics ?? [];
      const written = value(metrics, "container_fs_usage_bytes") ?? 0n;
      return (
        (value(metrics, "container_cpu_usage_seconds_total", "total") ?? 0n) > 0n && written > 5_000_000n
      );
    });
    expect(value(metrics, "container_cpu_usage_seconds_total")).toBeLessThan(120n);
    expect(value(metrics, "container_fs_usage_bytes")).toBeLessThan(7_000_000n);
    expect(value(metrics, "container_fs_limit_bytes")).toBeGreaterThan(100_000_000n);
    expect(value(metrics, "container_processes")).toBe(2n);
    expect(value(metrics, "container_threads")).toBe(2n);
    expect(value(metrics, "container_sockets")).toBe(1n);
    expect(value(metrics, "container_file_descriptors")).toBeGreaterThanOrEqual(9n);
    expect(value(metrics, "container_ulimits_soft", "max_open_files")).toBeGreaterThan(0n);
    expect(value(metrics, "container_spec_memory_limit_bytes")).toBe(limited.memoryLimitInBytes);
    expect(value(metrics, "container_spec_cpu_quota")).toBeUndefined();
    const memoryLimitInBytes = 2n * limited.memoryLimitInBytes;
    await test.runtime.updateContainerResources({ containerId, linux: { memoryLimitInBytes } });
    const changed = (await metricsOf(pod)).containerMetrics[0]?.metrics ?? [];
    expect(value(changed, "container_spec_memory_limit_bytes")).toBe(memoryLimitInBytes);
    expect(value(metrics, "container_memory_usage_bytes")).toBeLessThanOrEqual(limited.memoryLimitInBytes);
    expect(value(metrics, "container_memory_max_usage_bytes")).toBeGreaterThan(1_000_000n);
    expect(value(metrics, "container_memory_failures_total", "pgfault", "container")).toBeGreaterThan(100n);
    expect(value(metrics, "container_start_time_seconds")).toBeGreaterThanOrEqual(before);
    expect(value(metrics, "container_oom_events_total")).toBe(0n);
    const types = Object.fromEntries(metrics.map(({ name, metricType }) => [name, metricType]));
    expect(types).toMatchObject({
      container_cpu_usage_seconds_total: MetricType.COUNTER,
      container_memory_usage_bytes: MetricType.GAUGE,
    });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
  });

  it("have the traffic with the pod, and none of the node's; ended containers and stopped pods are out", async () => {
    const own = await runPod(test);
    const namespaceOptions = { network: NamespaceMode.NODE, pid: NamespaceMode.CONTAINER };
    const nodes = await runPod(test, { linux: { securityContext: { namespaceOptions } } });
    const short = await startContainer(test, own, containerConfig(["true"]));
    await until("it has ended", async () => {
      const { status } = await test.runtime.containerStatus({ containerId: short });
      return (status?.finishedAt ?? 0n) > 0n;
    });
    const { metrics, containerMetrics } = await metricsOf(own);
    expect(containerMetrics).toEqual([]);
    expect(value(metrics, "container_network_transmit_packets_total", "eth0", own)).toBeGreaterThan(0n);
    expect((await metricsOf(nodes)).metrics).toEqual([]);
    await test.runtime.stopPodSandbox({ podSandboxId: own });
    const { podMetrics } = await test.runtime.listPodSandboxMetrics({});
    expect(podMetrics.map(({ podSandboxId }) => podSandboxId)).toEqual([nodes]);
    const streamed: PodSandboxMetrics[] = [];
    for await (const part of test.runtime.streamPodSandboxMetrics({}))
      streamed.push(...part.podSandboxMetrics);
    expect(streamed.map(({ podSandboxId }) => podSandboxId)).toEqual([nodes]);
  });
});
