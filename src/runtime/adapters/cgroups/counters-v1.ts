import { join } from "node:path";

import type { CpuCounters, DeviceCounters, GroupCounters, MemoryCounters, TaskCounters } from "./counters.js";
import { readKernelFile, readNumber, readNumbers } from "./kernel-file.js";

/** A group's directory in the tree of a controller; undefined where the host has no such tree. */
export type FindDirectory = (controller: string) => string | undefined;

export function readCountersV1(directoryOf: FindDirectory): GroupCounters {
  const memory = directoryOf("memory");
  const pids = directoryOf("pids");
  const blkio = directoryOf("blkio");
  return {
    cpu: readCpu(directoryOf("cpuacct"), directoryOf("cpu")),
    memory: memory === undefined ? {} : readMemory(memory),
    tasks: pids === undefined ? {} : readTasks(pids),
    devices: blkio === undefined ? [] : readDevices(blkio),
  };
}

function readCpu(cpuacct: string | undefined, cpu: string | undefined): CpuCounters {
  const stat = cpu === undefined ? undefined : readNumbers(join(cpu, "cpu.stat"));
  const used = (name: string) => (cpuacct === undefined ? undefined : readNumber(join(cpuacct, name)));
  return {
    userNanoseconds: used("cpuacct.usage_user"),
    systemNanoseconds: used("cpuacct.usage_sys"),
    periods: stat?.get("nr_periods"),
    throttledPeriods: stat?.get("nr_throttled"),
    throttledNanoseconds: stat?.get("throttled_time"),
  };
}

function readMemory(directory: string): MemoryCounters {
  const stat = readNumbers(join(directory, "memory.stat"));
  return {
    cacheBytes: stat?.get("total_cache"),
    mappedFileBytes: stat?.get("total_mapped_file"),
    kernelBytes: readNumber(join(directory, "memory.kmem.usage_in_bytes")),
    peakBytes: readNumber(join(directory, "memory.max_usage_in_bytes")),
    limitHits: readNumber(join(directory, "memory.failcnt")),
    oomKills: readNumbers(join(directory, "memory.oom_control"))?.get("oom_kill"),
  };
}

function readTasks(directory: string): TaskCounters {
  return {
    threads: readNumber(join(directory, "pids.current")),
    threadsAtMost: readNumber(join(directory, "pids.max")),
  };
}

/** Lines like `8:0 Read 4096`, in two files: bytes, and requests. */
function readDevices(directory: string): DeviceCounters[] {
  const devices = new Map<string, DeviceCounters>();
  const add = (file: string, reads: "readBytes" | "reads", writes: "writtenBytes" | "writes") => {
    const text = readKernelFile(join(directory, file)) ?? "";
    for (const [, major, minor, operation, count = "0"] of text.matchAll(
      /^(\d+):(\d+) (Read|Write) (\d+)$/gm,
    )) {
      const key = `${major}:${minor}`;
      const device = devices.get(key) ?? noTraffic(Number(major), Number(minor));
      device[operation === "Read" ? reads : writes] = BigInt(count);
      devices.set(key, device);
    }
  };
  add("blkio.throttle.io_service_bytes_recursive", "readBytes", "writtenBytes");
  add("blkio.throttle.io_serviced_recursive", "reads", "writes");
  return [...devices.values()];
}

function noTraffic(major: number, minor: number): DeviceCounters {
  return { major, minor, readBytes: 0n, writtenBytes: 0n, reads: 0n, writes: 0n };
}
