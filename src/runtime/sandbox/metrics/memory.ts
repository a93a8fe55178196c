import type { ContainerSample } from "./container-sample.js";
import type { MetricKind } from "./metric.js";

export const memoryMetrics: readonly MetricKind<ContainerSample>[] = [
  {
    name: "container_memory_usage_bytes",
    help: "Memory in use, page cache included.",
    type: "gauge",
    needs: "memory",
    read: ({ usage }) => usage.memory?.usageBytes,
  },
  {
    name: "container_memory_working_set_bytes",
    help: "Memory in use without the page cache that the kernel would give up first.",
    type: "gauge",
    needs: "memory",
    read: ({ usage }) => usage.memory?.workingSetBytes,
  },
  {
    name: "container_memory_rss",
    help: "Anonymous memory, in bytes.",
    type: "gauge",
    needs: "memory",
    read: ({ usage }) => usage.memory?.rssBytes,
  },
  {
    name: "container_memory_cache",
    help: "Page cache, in bytes.",
    type: "gauge",
    needs: "memory",
    read: ({ counters }) => counters.memory.cacheBytes,
  },
  {
    name: "container_memory_mapped_file",
    help: "Files that are mapped into memory, in bytes.",
    type: "gauge",
    needs: "memory",
    read: ({ counters }) => counters.memory.mappedFileBytes,
  },
  {
    name: "container_memory_kernel_usage",
    help: "Memory that the kernel takes for the container, in bytes.",
    type: "gauge",
    needs: "memory",
    read: ({ counters }) => counters.memory.kernelBytes,
  },
  {
    name: "container_memory_swap",
    help: "Swap in use, in bytes.",
    type: "gauge",
    needs: "swap",
    read: ({ usage }) => usage.swap?.usageBytes,
  },
  {
    name: "container_memory_max_usage_bytes",
    help: "The most memory that was in use at one time.",
    type: "gauge",
    needs: "peakMemory",
    read: ({ counters }) => counters.memory.peakBytes,
  },
  {
    name: "container_memory_failcnt",
    help: "How often the limit of memory was reached.",
    type: "counter",
    needs: "memory",
    read: ({ counters }) => counters.memory.limitHits,
  },
  {
    name: "container_memory_failures_total",
    help: "Page faults, and the major ones among them, which read from a disk.",
    type: "counter",
    needs: "memory",
    labels: ["failure_type", "scope"],
    // Groups below the container's are its own: the two scopes of cAdvisor are one here.
    read: ({ usage: { memory } }) =>
      ["container", "hierarchy"].flatMap((scope) => [
        { labels: ["pgfault", scope], value: memory?.pageFaults },
        { labels: ["pgmajfault", scope], value: memory?.majorPageFaults },
      ]),
  },
  {
    name: "container_oom_events_total",
    help: "Processes that were killed because the limit of memory was reached.",
    type: "counter",
    needs: "memory",
    read: ({ counters }) => counters.memory.oomKills,
  },
];
