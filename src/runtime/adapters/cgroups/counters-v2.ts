import { join } from "node:path";

import type { CpuCounters, DeviceCounters, GroupCounters, MemoryCounters } from "./counters.js";
import { readKernelFile, readNumber, readNumbers } from "./kernel-file.js";

export function readCountersV2(directory: string): GroupCounters {
  return {
    cpu: readCpu(directory),
    memory: readMemory(directory),
    tasks: {
      threads: readNumber(join(directory, "pids.current")),
      threadsAtMost: readNumber(join(directory, "pids.max")),
    },
    devices: readDevices(directory),
  };
}

function readCpu(directory: string): CpuCounters {
  const stat = readNumbers(join(directory, "cpu.stat"));
  const nanoseconds = (key: string) => {
    const microseconds = stat?.get(key);
    return microseconds === undefined ? undefined : microseconds * 1000n;
  };
  return {
    userNanoseconds: nanoseconds("user_usec"),
    systemNanoseconds: nanoseconds("system_usec"),
    periods: stat?.get("nr_periods"),
    throttledPeriods: stat?.get("nr_throttled"),
    throttledNanoseconds: nanoseconds("throttled_usec"),
  };
}

function readMemory(directory: string): MemoryCounters {
  const stat = readNumbers(join(directory, "memory.stat"));
  const events = readNumbers(join(directory, "memory.events"));
  return {
    cacheBytes: stat?.get("file"),
    mappedFileBytes: stat?.get("file_mapped"),
    kernelBytes: stat?.get("kernel") ?? oldKernelBytes(stat),
    peakBytes: readNumber(join(directory, "memory.peak")),
    limitHits: events?.get("max"),
    oomKills: events?.get("oom_kill"),
  };
}

/** Before Linux 5.18 there was no sum: these are the large parts. */
function oldKernelBytes(stat: ReadonlyMap<string, bigint> | undefined): bigint | undefined {
  const [stack, slab] = [stat?.get("kernel_stack"), stat?.get("slab")];
  return stack === undefined || slab === undefined ? undefined : stack + slab;
}

/** Lines like `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`. */
function readDevices(directory: string): DeviceCounters[] {
  const text = readKernelFile(join(directory, "io.stat")) ?? "";
  return [...text.matchAll(/^(\d+):(\d+) (.*)$/gm)].map(([, major, minor, rest = ""]) => {
    const count = (key: string) => BigInt(new RegExp(`\\b${key}=(\\d+)`).exec(rest)?.[1] ?? 0);
    return {
      major: Number(major),
      minor: Number(minor),
      readBytes: count("rbytes"),
      writtenBytes: count("wbytes"),
      reads: count("rios"),
      writes: count("wios"),
    };
  });
}
