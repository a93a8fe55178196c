import type { Pressure } from "./pressure.js";

/** What a group has used, with all below it. What the kernel does not tell is absent. */
export interface GroupUsage {
  cpu?: CpuUsage | undefined;
  memory?: MemoryUsage | undefined;
  swap?: SwapUsage | undefined;
  ioPressure?: Pressure | undefined;
}

export interface CpuUsage {
  /** Since the group was made, over all cores. */
  nanoseconds: bigint;
  /** Use just before, in billionths of a core; absent until there are two samples a second apart. */
  nanoCores?: bigint | undefined;
  pressure?: Pressure | undefined;
}

export interface MemoryUsage {
  /** Everything that is charged to the group, page cache included. */
  usageBytes: bigint;
  /** Without the page cache that the kernel would give up first. */
  workingSetBytes?: bigint | undefined;
  /** What the working set leaves of the group's own limit; absent without one. */
  availableBytes?: bigint | undefined;
  /** Anonymous memory. */
  rssBytes?: bigint | undefined;
  pageFaults?: bigint | undefined;
  majorPageFaults?: bigint | undefined;
  pressure?: Pressure | undefined;
}

export interface SwapUsage {
  usageBytes: bigint;
  /** What is left of the limit; absent without one. */
  availableBytes?: bigint | undefined;
}

/** What is left of a limit; undefined without one. More may be in use than a limit lowered since allows. */
export function rest(limit: bigint | undefined, used: bigint | undefined): bigint | undefined {
  if (limit === undefined || used === undefined) return undefined;
  return limit > used ? limit - used : 0n;
}
