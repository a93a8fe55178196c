import { jsonSafe } from "../../messages/json-safe.js";
import type { PodSandboxStats } from "../../proto.js";
import { type PodMetadata, toPodMetadata } from "../pod-status.js";
import { type ContainerStats, toContainerStats } from "./container-stats.js";
import type { CpuRates } from "./cpu-rates.js";
import { type CpuUsage, toCpuUsage } from "./cpu-usage.js";
import { type MemoryUsage, numberOf, toMemoryUsage } from "./memory-usage.js";
import { type NetworkUsage, toNetworkUsage } from "./network-usage.js";

/** What a pod uses, as a whole and by container. */
export interface PodStats {
  /** The whole ID. */
  readonly id: string;
  /** As it was run with. */
  readonly metadata: PodMetadata;
  /** As it was run with. */
  readonly labels: Readonly<Record<string, string>>;
  /** As it was run with. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Of all its containers and its own process; undefined when none runs. */
  readonly cpu: CpuUsage | undefined;
  /** Of all its containers and its own process; undefined when none runs. */
  readonly memory: MemoryUsage | undefined;
  /** Undefined for a pod in the node's network, and where it `isSummed` and the runtime does not tell. */
  readonly network: NetworkUsage | undefined;
  /** How many processes run in it; undefined where the runtime does not tell. */
  readonly processes: number | undefined;
  /** Ended ones may be among them, for what they have written. */
  readonly containers: readonly ContainerStats[];
  /**
   * The runtime could not tell of the pod, and this is the sum of its containers: without the pod's own process and its
   * limit. Neither containerd nor CRI-O can for pods that were run without a `cgroupParent`, and containerd tells
   * nothing of their traffic.
   */
  readonly isSummed: boolean;
  /** As the runtime told it; made here where it told nothing of the pod. */
  readonly raw: PodSandboxStats;
}

export function toPodStats(raw: PodSandboxStats, rates: CpuRates): PodStats {
  const { cpu, memory, network, process, containers = [] } = raw.linux ?? {};
  const { id = "" } = raw.attributes ?? {};
  return podStats(raw, {
    cpu: cpu && toCpuUsage(id, cpu, rates),
    memory: memory && toMemoryUsage(memory),
    network: network && toNetworkUsage(network),
    processes: numberOf(process?.processCount),
    containers: containers.map((container) => toContainerStats(container, rates)),
    isSummed: false,
  });
}

/** `figures` are those of the message, or what stands for them. */
export function podStats(
  raw: PodSandboxStats,
  figures: Pick<PodStats, "cpu" | "memory" | "network" | "processes" | "containers" | "isSummed">,
): PodStats {
  const { id = "", metadata, labels = {}, annotations = {} } = raw.attributes ?? {};
  return jsonSafe({ id, metadata: toPodMetadata(metadata), labels, annotations, ...figures, raw });
}
