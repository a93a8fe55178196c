import { join } from "node:path";

import { readNumber, readNumbers } from "./kernel-file.js";
import { readPressure } from "./pressure.js";
import { type CpuUsage, type GroupUsage, type MemoryUsage, rest, type SwapUsage } from "./usage.js";

/** Usage of a group in the one tree of version 2. Only controllers that its parents enable have files. */
export function readUsageV2(directory: string): GroupUsage {
  return {
    cpu: readCpu(directory),
    memory: readMemory(directory),
    swap: readSwap(directory),
    ioPressure: readPressure(directory, "io"),
  };
}

function readCpu(directory: string): CpuUsage | undefined {
  const microseconds = readNumbers(join(directory, "cpu.stat"))?.get("usage_usec");
  if (microseconds === undefined) return undefined;
  return { nanoseconds: microseconds * 1000n, pressure: readPressure(directory, "cpu") };
}

function readMemory(directory: string): MemoryUsage | undefined {
  const usageBytes = readNumber(join(directory, "memory.current"));
  if (usageBytes === undefined) return undefined;
  const stat = readNumbers(join(directory, "memory.stat"));
  const workingSetBytes = rest(usageBytes, stat?.get("inactive_file"));
  return {
    usageBytes,
    workingSetBytes,
    availableBytes: rest(readNumber(join(directory, "memory.max")), workingSetBytes),
    rssBytes: stat?.get("anon"),
    pageFaults: stat?.get("pgfault"),
    majorPageFaults: stat?.get("pgmajfault"),
    pressure: readPressure(directory, "memory"),
  };
}

function readSwap(directory: string): SwapUsage | undefined {
  const usageBytes = readNumber(join(directory, "memory.swap.current"));
  if (usageBytes === undefined) return undefined;
  return { usageBytes, availableBytes: rest(readNumber(join(directory, "memory.swap.max")), usageBytes) };
}
