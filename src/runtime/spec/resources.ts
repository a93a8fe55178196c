import type { LinuxContainerResources } from "../../proto.js";
import type { OciCpu, OciMemory, OciResources, OciSpec } from "../oci.js";
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

/** Refuses what no kernel takes. `field` is where the limits stand in the request. */
export function checkResources(resources: LinuxContainerResources | undefined, field: string): void {
  if (!resources) return;
  const { cpuPeriod: period, cpuQuota: quota, cpuShares, cpusetCpus, cpusetMems } = resources;
  const { memoryLimitInBytes: memory, memorySwapLimitInBytes: swap } = resources;
  if (period !== 0n && (period < 1000n || period > 1_000_000n)) {
    throw invalid(`${field}.cpu_period`, `is ${period}, and not between 1000 and 1000000 microseconds`);
  }
  if (quota > 0n && quota < 1000n) {
    throw invalid(`${field}.cpu_quota`, `is ${quota}: give at least 1000 microseconds, or -1 for no limit`);
  }
  if (cpuShares < 0n) throw invalid(`${field}.cpu_shares`, `is ${cpuShares}: give 2 to 262144`);
  for (const [name, list] of Object.entries({ cpuset_cpus: cpusetCpus, cpuset_mems: cpusetMems })) {
    if (!/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(list)) {
      throw invalid(`${field}.${name}`, `is "${list}", and no list of numbers such as 0-2,7`);
    }
  }
  for (const [name, bytes] of Object.entries({ memory_limit: memory, memory_swap_limit: swap })) {
    if (bytes < -1n)
      throw invalid(`${field}.${name}_in_bytes`, `is ${bytes}: give bytes, or -1 for no limit`);
  }
  if (swap > 0n && swap < memory) {
    throw invalid(
      `${field}.memory_swap_limit_in_bytes`,
      `is ${swap}, and less than the memory limit of ${memory}: it is for both together`,
    );
  }
  checkOomScoreAdj(resources, field);
}

function checkOomScoreAdj({ oomScoreAdj: wanted }: LinuxContainerResources, field: string): void {
  if (wanted >= -1000n && wanted <= 1000n) return;
  throw invalid(`${field}.oom_score_adj`, `is ${wanted}, and not between -1000 and 1000`);
}

/** The spec with other limits than those it was made with. */
export function withLimits(
  spec: OciSpec,
  resources: LinuxContainerResources | undefined,
  host: SpecHost,
): OciSpec {
  const { devices } = spec.linux.resources ?? {};
  return {
    ...spec,
    process: { ...spec.process, oomScoreAdj: containerOomScoreAdj(resources, host) },
    linux: { ...spec.linux, resources: { ...ociResources(resources, host), devices } },
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
  return clampOomScoreAdj(Number(resources?.oomScoreAdj ?? 0n), host);
}

/** Without CAP_SYS_RESOURCE the kernel refuses a value below the daemon's own: meet it with the nearest. */
export function clampOomScoreAdj(
  wanted: number,
  host: Pick<SpecHost, "capabilities" | "oomScoreAdj">,
): number {
  return host.capabilities.includes("CAP_SYS_RESOURCE") ? wanted : Math.max(wanted, host.oomScoreAdj);
}
