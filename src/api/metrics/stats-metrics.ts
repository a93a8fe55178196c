import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { listContainers } from "../lists/list-containers.js";
import type { ContainerStats } from "../stats/container-stats.js";
import { CpuRates } from "../stats/cpu-rates.js";
import { listPodStats } from "../stats/list-pod-stats.js";
import type { InterfaceUsage } from "../stats/network-usage.js";
import type { PodStats } from "../stats/pod-stats.js";
import type { MetricFamily, MetricKind, MetricSample } from "./metric-family.js";

interface Reading {
  /** Undefined: not known, and left out. */
  readonly value: number | undefined;
  readonly measuredAt: Date | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Family<Source> {
  readonly name: string;
  readonly help: string;
  readonly type: MetricKind;
  read(source: Source): Reading[];
}

const containerFamilies: readonly Family<ContainerStats>[] = [
  {
    name: "container_cpu_usage_seconds_total",
    help: "Processor time used so far, in seconds over all cores.",
    type: "counter",
    read: ({ cpu }) => [{ value: cpu?.usedSeconds, measuredAt: cpu?.measuredAt }],
  },
  ofMemory("container_memory_usage_bytes", "Memory in use, page cache included.", "usageBytes"),
  ofMemory(
    "container_memory_working_set_bytes",
    "Memory in use without the inactive page cache.",
    "workingSetBytes",
  ),
  ofMemory("container_memory_rss", "Anonymous memory, in bytes.", "rssBytes"),
  {
    name: "container_memory_swap",
    help: "Swap in use, in bytes.",
    type: "gauge",
    read: ({ swap }) => [{ value: swap?.usageBytes, measuredAt: swap?.measuredAt }],
  },
  {
    name: "container_memory_failures_total",
    help: "Page faults, and the major ones among them, which read from a disk.",
    type: "counter",
    read: ({ memory }) => {
      const scope = "container";
      const { pageFaults, majorPageFaults, measuredAt } = memory ?? {};
      return [
        { value: pageFaults, measuredAt, labels: { failure_type: "pgfault", scope } },
        { value: majorPageFaults, measuredAt, labels: { failure_type: "pgmajfault", scope } },
      ];
    },
  },
  {
    name: "container_fs_usage_bytes",
    help: "What the container has written on its own layer.",
    type: "gauge",
    read: ({ filesystem }) => [{ value: filesystem?.usedBytes, measuredAt: filesystem?.measuredAt }],
  },
];

const podFamilies: readonly Family<PodStats>[] = [
  {
    name: "container_processes",
    help: "Processes in the pod.",
    type: "gauge",
    read: ({ processes }) => [{ value: processes, measuredAt: undefined }],
  },
  ofTraffic("receive_bytes", "Bytes received", "receivedBytes"),
  ofTraffic("receive_errors", "Errors in receiving", "receiveErrors"),
  ofTraffic("transmit_bytes", "Bytes sent", "sentBytes"),
  ofTraffic("transmit_errors", "Errors in sending", "sendErrors"),
];

/** The names of those metrics that stats can stand for. */
export const statsMetricNames = [...containerFamilies, ...podFamilies].map(({ name }) => name);

/** The same metrics as runtimes give by their own RPCs, as far as stats tell; seconds with fractions. */
export async function readStatsMetrics(context: ApiContext, call: CallOptions): Promise<MetricFamily[]> {
  const pods = await listPodStats(context, {}, new CpuRates(), call);
  const containers = await listContainers(context, {}, call);
  const images = new Map(containers.map(({ id, image }) => [id, image]));
  return [
    ...containerFamilies.map((family) =>
      toFamily(family, pods, (pod) =>
        pod.containers.map((container) => ({
          source: container,
          labels: {
            ...labelsOf(pod),
            id: container.id,
            image: images.get(container.id) ?? "",
            container: container.metadata.name,
          },
        })),
      ),
    ),
    ...podFamilies.map((family) => toFamily(family, pods, (pod) => [{ source: pod, labels: labelsOf(pod) }])),
  ].filter(({ samples }) => samples.length > 0);
}

function toFamily<Source>(
  { name, help, type, read }: Family<Source>,
  pods: readonly PodStats[],
  sourcesOf: (pod: PodStats) => { source: Source; labels: Record<string, string> }[],
): MetricFamily {
  const samples = pods
    .flatMap(sourcesOf)
    .flatMap(({ source, labels }) =>
      read(source).flatMap(({ value, measuredAt, labels: more }): MetricSample[] =>
        value === undefined ? [] : [{ labels: { ...labels, ...more }, value, measuredAt }],
      ),
    );
  return { name, help, type, samples };
}

function labelsOf({ id, metadata }: PodStats) {
  return { id, image: "", namespace: metadata.namespace, pod: metadata.name, container: "" };
}

function ofMemory(
  name: string,
  help: string,
  field: "usageBytes" | "workingSetBytes" | "rssBytes",
): Family<ContainerStats> {
  return {
    name,
    help,
    type: "gauge",
    read: ({ memory }) => [{ value: memory?.[field], measuredAt: memory?.measuredAt }],
  };
}

function ofTraffic(
  what: string,
  help: string,
  field: Exclude<keyof InterfaceUsage, "name">,
): Family<PodStats> {
  return {
    name: `container_network_${what}_total`,
    help: `${help} so far by an interface of the pod.`,
    type: "counter",
    read: ({ network }) =>
      (network?.interfaces ?? []).map((each) => ({
        value: each[field],
        measuredAt: network?.measuredAt,
        labels: { interface: each.name },
      })),
  };
}
