import { clone } from "@bufbuild/protobuf";

import { type LinuxContainerResources, LinuxContainerResourcesSchema } from "./proto.js";

/**
 * The limits that hold after an update of CRI's: what it does not set stays. A new memory limit without one for
 * swap forbids swapping again, as a limit at the start does.
 */
export function mergeResources(
  before: LinuxContainerResources | undefined,
  change: LinuxContainerResources,
): LinuxContainerResources {
  if (!before) return clone(LinuxContainerResourcesSchema, change);
  const pages = new Map(
    [...before.hugepageLimits, ...change.hugepageLimits].map((page) => [page.pageSize, page]),
  );
  const memorySwapLimitInBytes = change.memoryLimitInBytes ? 0n : before.memorySwapLimitInBytes;
  return clone(LinuxContainerResourcesSchema, {
    ...before,
    cpuPeriod: change.cpuPeriod || before.cpuPeriod,
    cpuQuota: change.cpuQuota || before.cpuQuota,
    cpuShares: change.cpuShares || before.cpuShares,
    cpusetCpus: change.cpusetCpus || before.cpusetCpus,
    cpusetMems: change.cpusetMems || before.cpusetMems,
    memoryLimitInBytes: change.memoryLimitInBytes || before.memoryLimitInBytes,
    memorySwapLimitInBytes: change.memorySwapLimitInBytes || memorySwapLimitInBytes,
    oomScoreAdj: change.oomScoreAdj || before.oomScoreAdj,
    hugepageLimits: [...pages.values()],
    unified: { ...before.unified, ...change.unified },
  });
}
