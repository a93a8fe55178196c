import type { ContainerSample } from "./container-sample.js";
import { type MetricKind, seconds } from "./metric.js";

export const processMetrics: readonly MetricKind<ContainerSample>[] = [
  {
    name: "container_processes",
    help: "Processes in the container.",
    type: "gauge",
    read: ({ processes }) => BigInt(processes),
  },
  {
    name: "container_threads",
    help: "Threads in the container: a process has one at least.",
    type: "gauge",
    needs: "threads",
    read: ({ counters }) => counters.tasks.threads,
  },
  {
    name: "container_threads_max",
    help: "How many threads there may be in the container; 0 for no limit.",
    type: "gauge",
    needs: "threads",
    read: ({ counters: { tasks } }) =>
      tasks.threads === undefined ? undefined : (tasks.threadsAtMost ?? 0n),
  },
  {
    name: "container_file_descriptors",
    help: "Files that the container's processes have open.",
    type: "gauge",
    read: ({ openFiles }) => BigInt(openFiles.files),
  },
  {
    name: "container_sockets",
    help: "Sockets that the container's processes have open.",
    type: "gauge",
    read: ({ openFiles }) => BigInt(openFiles.sockets),
  },
  {
    name: "container_ulimits_soft",
    help: "Soft limits of the container's first process.",
    type: "gauge",
    labels: ["ulimit"],
    read: ({ openFilesAtMost }) => [{ labels: ["max_open_files"], value: openFilesAtMost }],
  },
  {
    name: "container_start_time_seconds",
    help: "When the container was started, in seconds since 1970.",
    type: "gauge",
    read: ({ startedAt }) => seconds(startedAt),
  },
  {
    name: "container_last_seen",
    help: "When the container was last looked at, in seconds since 1970.",
    type: "gauge",
    read: ({ seenAt }) => seconds(seenAt),
  },
];
