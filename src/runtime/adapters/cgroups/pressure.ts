import { join } from "node:path";

import { readKernelFile } from "./kernel-file.js";

/** How long tasks waited for a resource: some of them, or all at once. */
export interface Pressure {
  some?: PressureTimes;
  full?: PressureTimes;
}

export interface PressureTimes {
  totalNanoseconds: bigint;
  /** Percent of the last 10, 60 and 300 seconds. */
  average10: number;
  average60: number;
  average300: number;
}

const linePattern = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/gm;

/** Pressure on a group of version 2; undefined where the kernel does not keep account of it. */
export function readPressure(directory: string, resource: "cpu" | "memory" | "io"): Pressure | undefined {
  const text = readKernelFile(join(directory, `${resource}.pressure`));
  if (text === undefined) return undefined;
  const pressure: Pressure = {};
  for (const [, kind, average10, average60, average300, microseconds = "0"] of text.matchAll(linePattern)) {
    pressure[kind === "some" ? "some" : "full"] = {
      totalNanoseconds: BigInt(microseconds) * 1000n,
      average10: Number(average10),
      average60: Number(average60),
      average300: Number(average300),
    };
  }
  return pressure;
}
