import type {
  MemoryUsage as MemoryUsageMessage,
  SwapUsage as SwapUsageMessage,
  UInt64Value,
} from "../../proto.js";
import { dateOf } from "../time.js";

/** What is used of memory, in bytes. Undefined is what the runtime does not tell. */
export interface MemoryUsage {
  /** When the runtime measured it. */
  readonly measuredAt: Date;
  /** What cannot be taken back easily: usage without the inactive page cache. What kubelet evicts by. */
  readonly workingSetBytes: number | undefined;
  /** All memory that is charged, page cache included. */
  readonly usageBytes: number | undefined;
  /** Anonymous memory. */
  readonly rssBytes: number | undefined;
  /** What the working set leaves of the limit; undefined without a limit, and at it. */
  readonly availableBytes: number | undefined;
  /** The limit; undefined without one, and where the working set has reached it. */
  readonly limitBytes: number | undefined;
  /** The working set in percent of the limit; undefined where that is. */
  readonly percentOfLimit: number | undefined;
  /** Since the start. */
  readonly pageFaults: number | undefined;
  /** Those that had to wait for a disk. */
  readonly majorPageFaults: number | undefined;
}

/** What is used of swap, in bytes. */
export interface SwapUsage {
  /** When the runtime measured it. */
  readonly measuredAt: Date;
  /** What lies there now. */
  readonly usageBytes: number | undefined;
  /** What is left of the limit; undefined without one. */
  readonly availableBytes: number | undefined;
}

export function toMemoryUsage(raw: MemoryUsageMessage): MemoryUsage {
  const workingSetBytes = numberOf(raw.workingSetBytes);
  // containerd says 0 where there is no limit: nothing can be told from it.
  const availableBytes = numberOf(raw.availableBytes) || undefined;
  const limitBytes =
    availableBytes === undefined || workingSetBytes === undefined
      ? undefined
      : availableBytes + workingSetBytes;
  return {
    measuredAt: dateOf(raw.timestamp),
    workingSetBytes,
    usageBytes: numberOf(raw.usageBytes),
    rssBytes: numberOf(raw.rssBytes),
    availableBytes,
    limitBytes,
    percentOfLimit: limitBytes && workingSetBytes && (workingSetBytes / limitBytes) * 100,
    pageFaults: numberOf(raw.pageFaults),
    majorPageFaults: numberOf(raw.majorPageFaults),
  };
}

export function toSwapUsage(raw: SwapUsageMessage): SwapUsage {
  return {
    measuredAt: dateOf(raw.timestamp),
    usageBytes: numberOf(raw.swapUsageBytes),
    availableBytes: numberOf(raw.swapAvailableBytes),
  };
}

/** What is not told stays undefined: a zero would be a claim. */
export function numberOf(wrapped: UInt64Value | undefined): number | undefined {
  return wrapped && Number(wrapped.value);
}
