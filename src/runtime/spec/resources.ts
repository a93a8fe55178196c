import type { LinuxContainerResources } from "../../proto.js";
import type { OciCpu, OciMemory, OciResources } from "../oci.js";
import type { SpecHost } from "./host.js";
import { invalid } from "./invalid.js";

/**
 * The limits of a container in OCI's terms. Zero and unset both mean: no limit of that kind. Files of cgroup
 * v2 (`unified`) and huge page limits are passed over on a host that has no such thing.
 */
export function ociResources(
  resources: LinuxContainerResources | undefined,
  host: Pick<SpecHost, "cgroupVersion" | "swapLimits" | "hugepageLimits">,
): OciResources {
  if (!resources) return {};
  const memory = memoryLimits(resources, host.swapLimits);
  const cpu = cpuLimits(resources);
  const pages = resources.hugepageLimits.map(({ pageSize, limit }) => ({ pageSize, limit: Number(limit) }));
  const unified = Object.keys(resources.unified).length > 0 && host.cgroupVersion === 2;
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pages.length > 0 && host.hugepageLimits && { hugepageLimits: pages }),
    ...(unified && { unified: { ...resources.unified } }),
  };
}

function memoryLimits(resources: LinuxContainerResources, swapLimits: boolean): OciMemory {
  const limit = Number(resources.memoryLimitInBytes);
  // OCI's swap is memory and swap together: the same number means no swapping, which is CRI's default.
  const swap = Number(resources.memorySwapLimitInBytes) || limit;
  return { ...(limit && { limit }), ...(swap && swapLimits && { swap }) };
}

function cpuLimits(resources: LinuxContainerResources): OciCpu {
  return {
    ...(resources.cpuShares && { shares: Number(resources.cpuShares) }),
    ...(resources.cpuQuota && { quota: Number(resources.cpuQuota) }),
    ...(resources.cpuPeriod && { period: Number(resources.cpuPeriod) }),
    ...(resources.cpusetCpus && { cpus: resources.cpusetCpus }),
    ...(resources.cpusetMems && { mems: resources.cpusetMems }),
  };
}

/** What a container asks for, as near as the host allows. */
export function containerOomScoreAdj(
  resources: LinuxContainerResources | undefined,
  host: Pick<SpecHost, "capabilities" | "oomScoreAdj">,
): number {
  const wanted = Number(resources?.oomScoreAdj ?? 0n);
  if (wanted < -1000 || wanted > 1000) {
    throw invalid("config.linux.resources.oom_score_adj", `is ${wanted}, and not between -1000 and 1000`);
  }
  return clampOomScoreAdj(wanted, host);
}

/** Without CAP_SYS_RESOURCE the kernel refuses a value below the daemon's own: meet it with the nearest. */
export function clampOomScoreAdj(
  wanted: number,
  host: Pick<SpecHost, "capabilities" | "oomScoreAdj">,
): number {
  return host.capabilities.includes("CAP_SYS_RESOURCE") ? wanted : Math.max(wanted, host.oomScoreAdj);
}
