import type { ContainerSample } from "./container-sample.js";
import { type MetricKind, seconds } from "./metric.js";

export const cpuMetrics: readonly MetricKind<ContainerSample>[] = [
  {
    name: "container_cpu_usage_seconds_total",
    help: "Processor time used so far, in whole seconds over all cores.",
    type: "counter",
    needs: "cpu",
    labels: ["cpu"],
    read: ({ usage }) => [{ labels: ["total"], value: seconds(usage.cpu?.nanoseconds) }],
  },
  {
    name: "container_cpu_user_seconds_total",
    help: "Processor time used so far by the programs themselves, in whole seconds.",
    type: "counter",
    needs: "cpu",
    read: ({ counters }) => seconds(counters.cpu.userNanoseconds),
  },
  {
    name: "container_cpu_system_seconds_total",
    help: "Processor time used so far by the kernel for the programs, in whole seconds.",
    type: "counter",
    needs: "cpu",
    read: ({ counters }) => seconds(counters.cpu.systemNanoseconds),
  },
  {
    name: "container_cpu_cfs_periods_total",
    help: "Periods in which the quota of processor time was looked at.",
    type: "counter",
    needs: "quota",
    read: ({ counters }) => counters.cpu.periods,
  },
  {
    name: "container_cpu_cfs_throttled_periods_total",
    help: "Periods in which the quota was used up and the container had to wait.",
    type: "counter",
    needs: "quota",
    read: ({ counters }) => counters.cpu.throttledPeriods,
  },
  {
    name: "container_cpu_cfs_throttled_seconds_total",
    help: "How long the container has waited for its quota, in whole seconds.",
    type: "counter",
    needs: "quota",
    read: ({ counters }) => seconds(counters.cpu.throttledNanoseconds),
  },
];
