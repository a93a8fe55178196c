/** What the kernel counts for a group, with all below it, beside its usage. What it does not tell is absent. */
export interface GroupCounters {
  cpu: CpuCounters;
  memory: MemoryCounters;
  tasks: TaskCounters;
  /** One for each device that was read or written. */
  devices: readonly DeviceCounters[];
}

export interface CpuCounters {
  userNanoseconds?: bigint | undefined;
  systemNanoseconds?: bigint | undefined;
  /** Spans of time for which a quota held, and those of them in which it was used up. */
  periods?: bigint | undefined;
  throttledPeriods?: bigint | undefined;
  throttledNanoseconds?: bigint | undefined;
}

export interface MemoryCounters {
  cacheBytes?: bigint | undefined;
  mappedFileBytes?: bigint | undefined;
  kernelBytes?: bigint | undefined;
  /** The most that was ever in use at one time. */
  peakBytes?: bigint | undefined;
  /** How often the limit was reached. */
  limitHits?: bigint | undefined;
  /** Processes that were killed because of it. */
  oomKills?: bigint | undefined;
}

export interface TaskCounters {
  /** Threads; a process has one at least. */
  threads?: bigint | undefined;
  /** Absent: as many as one likes. */
  threadsAtMost?: bigint | undefined;
}

export interface DeviceCounters {
  major: number;
  minor: number;
  readBytes: bigint;
  writtenBytes: bigint;
  reads: bigint;
  writes: bigint;
}
