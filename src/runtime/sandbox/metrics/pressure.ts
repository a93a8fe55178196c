import type { GroupUsage, Pressure } from "../../adapters/cgroups/cgroups.js";
import type { ContainerSample } from "./container-sample.js";
import { type MetricKind, seconds } from "./metric.js";

/** For each resource: some processes had to wait for it, and none could go on. */
export const pressureMetrics: readonly MetricKind<ContainerSample>[] = [
  ...pressureOn("cpu", ({ cpu }) => cpu?.pressure),
  ...pressureOn("memory", ({ memory }) => memory?.pressure),
  ...pressureOn("io", ({ ioPressure }) => ioPressure),
];

function pressureOn(
  resource: string,
  choose: (usage: GroupUsage) => Pressure | undefined,
): MetricKind<ContainerSample>[] {
  const kind = { type: "counter", needs: "pressure" } as const;
  return [
    {
      ...kind,
      name: `container_pressure_${resource}_waiting_seconds_total`,
      help: `How long some of the container's threads have waited for ${resource}, in whole seconds.`,
      read: ({ usage }) => seconds(choose(usage)?.some?.totalNanoseconds),
    },
    {
      ...kind,
      name: `container_pressure_${resource}_stalled_seconds_total`,
      help: `How long all of the container's threads have waited for ${resource}, in whole seconds.`,
      read: ({ usage }) => seconds(choose(usage)?.full?.totalNanoseconds),
    },
  ];
}
