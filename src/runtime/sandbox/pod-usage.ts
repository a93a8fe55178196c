import type { MessageInitShape } from "@bufbuild/protobuf";

import type { ContainerStats, LinuxPodSandboxStatsSchema, ProcessUsageSchema } from "../../proto.js";
import { nanosecondsSinceEpoch, usageMessages } from "../container/usage-messages.js";
import type { RuntimeDeps } from "../deps.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { sumCpu, sumMemory } from "./sum-usage.js";

type PodUsage = Pick<
  MessageInitShape<typeof LinuxPodSandboxStatsSchema>,
  "cpu" | "memory" | "io" | "process"
>;

/**
 * What a pod uses. kubelet gives each pod a group of its own as the parent of the containers', and that knows
 * best: it counts containers that have been removed, and has the pod's limit. Elsewhere it is the sum of the
 * containers and the pause process, in which there is no limit and no pressure.
 */
export function podUsage(
  deps: RuntimeDeps,
  { id, cgroupParent }: SandboxRecord,
  containers: readonly ContainerStats[],
): PodUsage {
  const { cgroups } = deps;
  const pause = cgroups.containerGroup(cgroupParent, id);
  const others = containers.map(({ attributes }) => attributes?.id ?? "");
  const groups = [pause, ...others.map((each) => cgroups.containerGroup(cgroupParent, each))];
  const process = processUsage(deps, groups);
  const parent = cgroups.parentGroup(cgroupParent);
  // The default parent is never one pod's: what is counted there outlives pods.
  if (cgroupParent !== deps.cgroupParent && !cgroups.hasOthers(parent, groups)) {
    const { cpu, memory, io } = usageMessages(cgroups.usage(parent));
    return { cpu, memory, io, process };
  }
  const parts = [usageMessages(cgroups.usage(pause)), ...containers];
  return { cpu: sumCpu(parts), memory: sumMemory(parts), process };
}

/** Undefined when the pod has just ended. */
function processUsage(
  { cgroups }: RuntimeDeps,
  groups: readonly string[],
): MessageInitShape<typeof ProcessUsageSchema> | undefined {
  const timestamp = nanosecondsSinceEpoch(Date.now());
  const count = groups.reduce((sum, group) => sum + cgroups.pids(group).length, 0);
  return count === 0 ? undefined : { timestamp, processCount: { value: BigInt(count) } };
}
