import { fileURLToPath } from "node:url";

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { LinuxContainerResourcesSchema } from "../../../../src/proto.js";
import { createCgroups } from "../../../../src/runtime/adapters/cgroups/cgroups.js";
import type { ContainerSample } from "../../../../src/runtime/sandbox/metrics/container-sample.js";
import { containerMetrics, readMetrics } from "../../../../src/runtime/sandbox/metrics/describe.js";
import { askedByCritest } from "./asked-by-critest.js";

const root = fileURLToPath(new URL("../../../fixtures/cgroup2", import.meta.url));
const cgroups = createCgroups({ version: 2, hierarchies: [root] });
const base = { id: "a", image: "b", namespace: "c", pod: "d", container: "e" };

function metricsOf(group: string, more: Partial<ContainerSample> = {}): Map<string, string[]> {
  const sample: ContainerSample = {
    usage: cgroups.usage(group),
    counters: cgroups.counters(group),
    processes: cgroups.pids(group).length,
    openFiles: { files: 7, sockets: 1 },
    openFilesAtMost: 1024n,
    resources: undefined,
    startedAt: 5_000_000_000n,
    seenAt: 6_000_000_000n,
    layer: { bytes: 4096, inodes: 3, measuredAt: 0 },
    fileSystem: { bytes: 100n, inodes: 10n, freeInodes: 9n },
    ...more,
  };
  const found = new Map<string, string[]>();
  for (const { name, labelValues, value } of readMetrics(containerMetrics, sample, base)) {
    const own = labelValues.slice(5);
    found.set(name, [...(found.get(name) ?? []), [...own, value?.value].join(" ")]);
  }
  return found;
}

test("a group of version 2 has every metric that critest asks for", () => {
  const resources = create(LinuxContainerResourcesSchema, {
    cpuPeriod: 100_000n,
    cpuQuota: 20_000n,
    cpuShares: 1024n,
    memoryLimitInBytes: 128n,
    memorySwapLimitInBytes: 144n,
  });
  const metrics = metricsOf(cgroups.containerGroup("kubepods-burstable-pod7.slice", "limited"), {
    resources,
  });
  const ofContainers = [...askedByCritest.always, ...askedByCritest.described].filter(
    (name) => !name.startsWith("container_network_"),
  );
  expect(ofContainers.filter((name) => !metrics.has(name))).toEqual([]);
  expect(Object.fromEntries(metrics)).toMatchObject({
    container_cpu_usage_seconds_total: ["total 48"],
    container_cpu_cfs_throttled_periods_total: ["31"],
    container_memory_working_set_bytes: [`${104_857_600 - 20_971_520}`],
    container_memory_max_usage_bytes: ["120586240"],
    container_memory_failcnt: ["96"],
    container_memory_failures_total: [
      "pgfault container 88231",
      "pgmajfault container 17",
      "pgfault hierarchy 88231",
      "pgmajfault hierarchy 17",
    ],
    container_oom_events_total: ["1"],
    container_threads: ["5"],
    container_threads_max: ["64"],
    container_pressure_cpu_waiting_seconds_total: ["7"],
    container_pressure_io_stalled_seconds_total: ["2"],
    container_spec_cpu_quota: ["20000"],
    container_start_time_seconds: ["5"],
  });
  expect(metrics.get("container_blkio_device_usage_total")?.map((text) => text.replace(/^\S+ /, ""))).toEqual(
    ["252 0 Read 44220416", "252 0 Write 20971520"],
  );
});

test("what a kernel does not count is left out, and is no zero", () => {
  const metrics = metricsOf("/plain/unlimited");
  for (const name of [
    "container_memory_swap",
    "container_memory_max_usage_bytes",
    "container_memory_failcnt",
    "container_threads",
    "container_threads_max",
    "container_pressure_cpu_stalled_seconds_total",
    "container_pressure_memory_waiting_seconds_total",
    "container_spec_memory_limit_bytes",
    "container_fs_reads_total",
  ]) {
    expect(metrics.get(name), name).toBeUndefined();
  }
  expect(metrics.get("container_memory_usage_bytes")).toEqual(["1228800"]);
});
