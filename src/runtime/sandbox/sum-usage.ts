import { create } from "@bufbuild/protobuf";

import {
  type CpuUsage,
  CpuUsageSchema,
  type MemoryUsage,
  MemoryUsageSchema,
  type UInt64Value,
} from "../../proto.js";
import { nanosecondsSinceEpoch, wrapped } from "../container/usage-messages.js";

/** The sum over those that use anything; undefined when none does. */
export function sumCpu(parts: readonly { cpu?: CpuUsage | undefined }[]): CpuUsage | undefined {
  const found = parts.flatMap(({ cpu }) => cpu ?? []);
  if (found.length === 0) return undefined;
  return create(CpuUsageSchema, {
    timestamp: nanosecondsSinceEpoch(Date.now()),
    usageCoreNanoSeconds: sum(found.map((cpu) => cpu.usageCoreNanoSeconds)),
    usageNanoCores: sum(found.map((cpu) => cpu.usageNanoCores)),
  });
}

/** The sum over those that use anything; undefined when none does. */
export function sumMemory(parts: readonly { memory?: MemoryUsage | undefined }[]): MemoryUsage | undefined {
  const found = parts.flatMap(({ memory }) => memory ?? []);
  if (found.length === 0) return undefined;
  return create(MemoryUsageSchema, {
    timestamp: nanosecondsSinceEpoch(Date.now()),
    usageBytes: sum(found.map((memory) => memory.usageBytes)),
    workingSetBytes: sum(found.map((memory) => memory.workingSetBytes)),
    rssBytes: sum(found.map((memory) => memory.rssBytes)),
    pageFaults: sum(found.map((memory) => memory.pageFaults)),
    majorPageFaults: sum(found.map((memory) => memory.majorPageFaults)),
  });
}

/** Undefined when a part of it is not known. */
function sum(values: readonly (UInt64Value | undefined)[]): { value: bigint } | undefined {
  let total = 0n;
  for (const each of values) {
    if (!each) return undefined;
    total += each.value;
  }
  return wrapped(total);
}
