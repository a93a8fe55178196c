import { create } from "@bufbuild/protobuf";

import {
  type ContainerStats as ContainerStatsMessage,
  type CpuUsage as CpuUsageMessage,
  CpuUsageSchema,
  type MemoryUsage as MemoryUsageMessage,
  MemoryUsageSchema,
  type PodSandboxStats,
  PodSandboxStatsSchema,
  type UInt64Value,
} from "../../proto.js";
import type { PodSummary } from "../pod-status.js";
import { type ContainerStats, toContainerStats } from "./container-stats.js";
import type { CpuRate, CpuRates } from "./cpu-rates.js";
import { cpuUsage } from "./cpu-usage.js";
import { numberOf, toMemoryUsage } from "./memory-usage.js";
import { toNetworkUsage } from "./network-usage.js";
import { type PodStats, podStats, toPodStats } from "./pod-stats.js";

/** What the runtime tells of a pod; CRI-O tells of one without a control group of its own no cores and no memory. */
export function toldPodStats(raw: PodSandboxStats, rates: CpuRates): PodStats {
  const { cpu, memory, network, process, containers = [] } = raw.linux ?? {};
  const isTold = cpu || memory || !containers.some((container) => container.cpu || container.memory);
  if (isTold) return toPodStats(raw, rates);
  return podStats(raw, {
    ...sumOf(containers, rates),
    network: network && toNetworkUsage(network),
    processes: numberOf(process?.processCount),
  });
}

/** The stats of a pod of whose containers alone the runtime tells. */
export function sumPodStats(
  { id, metadata, labels, annotations }: Pick<PodSummary, "id" | "metadata" | "labels" | "annotations">,
  containers: ContainerStatsMessage[],
  rates: CpuRates,
): PodStats {
  const cpu = sumCpu(containers);
  const memory = sumMemory(containers);
  const raw = create(PodSandboxStatsSchema, {
    attributes: { id, metadata, labels: { ...labels }, annotations: { ...annotations } },
    linux: { ...(cpu && { cpu }), ...(memory && { memory }), containers },
  });
  return podStats(raw, { ...sumOf(containers, rates), network: undefined, processes: undefined });
}

function sumOf(messages: readonly ContainerStatsMessage[], rates: CpuRates) {
  const cpu = sumCpu(messages);
  const memory = sumMemory(messages);
  const containers = messages.map((message) => toContainerStats(message, rates));
  return {
    cpu: cpu && cpuUsage(cpu, sumRates(containers)),
    memory: memory && toMemoryUsage(memory),
    containers,
    isSummed: true,
  };
}

/** Containers come and go, so that the rate of the sum is not the sum of the rates. */
function sumRates(containers: readonly ContainerStats[]): Partial<CpuRate> {
  const running = containers.flatMap(({ cpu }) => cpu ?? []);
  const known = running.flatMap(({ cores }) => cores ?? []);
  if (known.length < running.length) return {};
  const windows = running.flatMap(({ windowMs }) => windowMs ?? []);
  return {
    cores: known.reduce((a, b) => a + b, 0),
    ...(windows.length > 0 && { windowMs: Math.max(...windows) }),
  };
}

/** Undefined when none runs. */
function sumCpu(containers: readonly ContainerStatsMessage[]): CpuUsageMessage | undefined {
  const parts = containers.flatMap(({ cpu }) => cpu ?? []);
  if (parts.length === 0) return undefined;
  return create(CpuUsageSchema, {
    timestamp: newest(parts),
    usageCoreNanoSeconds: sum(parts.map((part) => part.usageCoreNanoSeconds)),
  });
}

function sumMemory(containers: readonly ContainerStatsMessage[]): MemoryUsageMessage | undefined {
  const parts = containers.flatMap(({ memory }) => memory ?? []);
  if (parts.length === 0) return undefined;
  return create(MemoryUsageSchema, {
    timestamp: newest(parts),
    workingSetBytes: sum(parts.map((part) => part.workingSetBytes)),
    usageBytes: sum(parts.map((part) => part.usageBytes)),
    rssBytes: sum(parts.map((part) => part.rssBytes)),
    pageFaults: sum(parts.map((part) => part.pageFaults)),
    majorPageFaults: sum(parts.map((part) => part.majorPageFaults)),
  });
}

/** Undefined when a part of it is not known. */
function sum(values: readonly (UInt64Value | undefined)[]): { value: bigint } | undefined {
  const known = values.flatMap((each) => each?.value ?? []);
  return known.length < values.length ? undefined : { value: known.reduce((a, b) => a + b, 0n) };
}

function newest(parts: readonly { timestamp: bigint }[]): bigint {
  return parts.map(({ timestamp }) => timestamp).sort((a, b) => (a < b ? 1 : -1))[0] ?? 0n;
}
