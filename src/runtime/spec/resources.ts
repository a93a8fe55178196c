import type { LinuxContainerResources } from "../../proto.js";
import type { OciResources } from "../oci.js";

/** The limits of a container in OCI's terms. Zero and unset both mean: no limit of that kind. */
export function ociResources(
  resources: LinuxContainerResources | undefined,
  cgroupVersion: 1 | 2,
): OciResources {
  if (!resources) return {};
  const memory = {
    ...(resources.memoryLimitInBytes && { limit: Number(resources.memoryLimitInBytes) }),
    ...(resources.memorySwapLimitInBytes && { swap: Number(resources.memorySwapLimitInBytes) }),
  };
  const cpu = {
    ...(resources.cpuShares && { shares: Number(resources.cpuShares) }),
    ...(resources.cpuQuota && { quota: Number(resources.cpuQuota) }),
    ...(resources.cpuPeriod && { period: Number(resources.cpuPeriod) }),
    ...(resources.cpusetCpus && { cpus: resources.cpusetCpus }),
    ...(resources.cpusetMems && { mems: resources.cpusetMems }),
  };
  const hugepages = resources.hugepageLimits.map(({ pageSize, limit }) => ({
    pageSize,
    limit: Number(limit),
  }));
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(hugepages.length > 0 && { hugepageLimits: hugepages }),
    ...(cgroupVersion === 2 &&
      Object.keys(resources.unified).length > 0 && { unified: { ...resources.unified } }),
  };
}

/** Without CAP_SYS_RESOURCE the kernel refuses a value below the daemon's own: meet it with the nearest. */
export function clampOomScoreAdj(
  wanted: number,
  host: { capabilities: readonly string[]; oomScoreAdj: number },
): number {
  return host.capabilities.includes("CAP_SYS_RESOURCE") ? wanted : Math.max(wanted, host.oomScoreAdj);
}
