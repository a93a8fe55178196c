import { create, type MessageInitShape } from "@bufbuild/protobuf";

import {
  type CpuUsage,
  CpuUsageSchema,
  type IoUsage,
  IoUsageSchema,
  type MemoryUsage,
  MemoryUsageSchema,
  type PsiStatsSchema,
  type SwapUsage,
  SwapUsageSchema,
} from "../../proto.js";
import type { GroupUsage, Pressure } from "../adapters/cgroups/cgroups.js";

/** The parts of a container's or pod's stats that come from a control group. */
export interface UsageMessages {
  cpu?: CpuUsage | undefined;
  memory?: MemoryUsage | undefined;
  swap?: SwapUsage | undefined;
  io?: IoUsage | undefined;
}

/** What is not known stays absent: a zero would be a claim. */
export function usageMessages({ cpu, memory, swap, ioPressure }: GroupUsage): UsageMessages {
  const timestamp = nanosecondsSinceEpoch(Date.now());
  return {
    cpu: cpu && cpuMessage(timestamp, cpu),
    memory: memory && memoryMessage(timestamp, memory),
    swap: swap && swapMessage(timestamp, swap),
    io: ioPressure && create(IoUsageSchema, { timestamp, psi: pressureMessage(ioPressure) }),
  };
}

export function nanosecondsSinceEpoch(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}

export function wrapped(value: bigint | undefined): { value: bigint } | undefined {
  return value === undefined ? undefined : { value };
}

function cpuMessage(timestamp: bigint, cpu: NonNullable<GroupUsage["cpu"]>): CpuUsage {
  return create(CpuUsageSchema, {
    timestamp,
    usageCoreNanoSeconds: wrapped(cpu.nanoseconds),
    usageNanoCores: wrapped(cpu.nanoCores),
    psi: pressureMessage(cpu.pressure),
  });
}

function memoryMessage(timestamp: bigint, memory: NonNullable<GroupUsage["memory"]>): MemoryUsage {
  return create(MemoryUsageSchema, {
    timestamp,
    usageBytes: wrapped(memory.usageBytes),
    workingSetBytes: wrapped(memory.workingSetBytes),
    availableBytes: wrapped(memory.availableBytes),
    rssBytes: wrapped(memory.rssBytes),
    pageFaults: wrapped(memory.pageFaults),
    majorPageFaults: wrapped(memory.majorPageFaults),
    psi: pressureMessage(memory.pressure),
  });
}

function swapMessage(timestamp: bigint, swap: NonNullable<GroupUsage["swap"]>): SwapUsage {
  return create(SwapUsageSchema, {
    timestamp,
    swapUsageBytes: wrapped(swap.usageBytes),
    swapAvailableBytes: wrapped(swap.availableBytes),
  });
}

function pressureMessage(
  pressure: Pressure | undefined,
): MessageInitShape<typeof PsiStatsSchema> | undefined {
  return pressure && { Full: times(pressure.full), Some: times(pressure.some) };
}

function times(times: Pressure["full"]) {
  if (!times) return undefined;
  const { totalNanoseconds, average10, average60, average300 } = times;
  return { Total: totalNanoseconds, Avg10: average10, Avg60: average60, Avg300: average300 };
}
