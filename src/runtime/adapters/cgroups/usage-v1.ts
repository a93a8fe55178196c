import { join } from "node:path";

import { readNumber, readNumbers } from "./kernel-file.js";
import { readPressure } from "./pressure.js";
import { type CpuUsage, type GroupUsage, type MemoryUsage, rest, type SwapUsage } from "./usage.js";

/** A group's directories; undefined where the host has no such tree. */
export interface DirectoriesV1 {
  cpuacct: string | undefined;
  memory: string | undefined;
  /** Of a hybrid host: the tree of version 2, which has no controllers and yet tells of pressure. */
  unified: string | undefined;
}

/** What the kernel calls no limit: the largest number of pages, in bytes, which depends on their size. */
const noLimit = 1n << 62n;

export function readUsageV1({ cpuacct, memory, unified }: DirectoriesV1): GroupUsage {
  return {
    cpu: cpuacct === undefined ? undefined : readCpu(cpuacct, unified),
    ...(memory !== undefined && readMemory(memory, unified)),
    ioPressure: unified === undefined ? undefined : readPressure(unified, "io"),
  };
}

function readCpu(directory: string, unified: string | undefined): CpuUsage | undefined {
  const nanoseconds = readNumber(join(directory, "cpuacct.usage"));
  if (nanoseconds === undefined) return undefined;
  return { nanoseconds, pressure: unified === undefined ? undefined : readPressure(unified, "cpu") };
}

function readMemory(
  directory: string,
  unified: string | undefined,
): { memory?: MemoryUsage; swap?: SwapUsage | undefined } {
  const usageBytes = readNumber(join(directory, "memory.usage_in_bytes"));
  if (usageBytes === undefined) return {};
  // The names without `total_` leave out the groups below.
  const stat = readNumbers(join(directory, "memory.stat"));
  const limit = readLimit(join(directory, "memory.limit_in_bytes"));
  const workingSetBytes = rest(usageBytes, stat?.get("total_inactive_file"));
  const memory = {
    usageBytes,
    workingSetBytes,
    availableBytes: rest(limit, workingSetBytes),
    rssBytes: stat?.get("total_rss"),
    pageFaults: stat?.get("total_pgfault"),
    majorPageFaults: stat?.get("total_pgmajfault"),
    pressure: unified === undefined ? undefined : readPressure(unified, "memory"),
  };
  return { memory, swap: readSwap(directory, { usageBytes: stat?.get("total_swap"), memoryLimit: limit }) };
}

/** The second limit of version 1 is on memory and swap together. */
function readSwap(
  directory: string,
  { usageBytes, memoryLimit }: { usageBytes: bigint | undefined; memoryLimit: bigint | undefined },
): SwapUsage | undefined {
  if (usageBytes === undefined) return undefined;
  const limit = rest(readLimit(join(directory, "memory.memsw.limit_in_bytes")), memoryLimit);
  return { usageBytes, availableBytes: rest(limit, usageBytes) };
}

function readLimit(path: string): bigint | undefined {
  const limit = readNumber(path);
  return limit !== undefined && limit < noLimit ? limit : undefined;
}
