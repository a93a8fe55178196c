import type { LinuxContainerResources } from "../../../proto.js";
import type { ContainerSample } from "./container-sample.js";
import type { MetricKind } from "./metric.js";

export const resourceMetrics: readonly MetricKind<ContainerSample>[] = [
  {
    name: "container_spec_cpu_period",
    help: "The period of the container's quota of processor time, in microseconds.",
    ...setTo(({ cpuPeriod }) => cpuPeriod),
  },
  {
    name: "container_spec_cpu_quota",
    help: "Processor time that the container may use in each period, in microseconds.",
    ...setTo(({ cpuQuota }) => cpuQuota),
  },
  {
    name: "container_spec_cpu_shares",
    help: "The container's weight where processor time is short.",
    ...setTo(({ cpuShares }) => cpuShares),
  },
  {
    name: "container_spec_memory_limit_bytes",
    help: "The container's limit of memory.",
    ...setTo(({ memoryLimitInBytes }) => memoryLimitInBytes),
  },
  {
    name: "container_spec_memory_swap_limit_bytes",
    help: "The container's limit of memory and swap together.",
    ...setTo(({ memorySwapLimitInBytes }) => memorySwapLimitInBytes),
  },
];

/** What was not asked for is 0 in CRI, and what has no limit is negative. */
function setTo(
  choose: (resources: LinuxContainerResources) => bigint,
): Omit<MetricKind<ContainerSample>, "name" | "help"> {
  return {
    type: "gauge",
    read({ resources }) {
      const value = resources && choose(resources);
      return value !== undefined && value > 0n ? value : undefined;
    },
  };
}
