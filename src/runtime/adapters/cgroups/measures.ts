import { existsSync } from "node:fs";
import { join } from "node:path";

import { childGroups } from "./child-groups.js";
import { readKernelFile } from "./kernel-file.js";
import { directoryIn, type GroupTrees } from "./read-usage.js";

/** What not every kernel, or not every setting of it, counts for its groups. */
export const allMeasures = [
  "cpu",
  "quota",
  "memory",
  "peakMemory",
  "swap",
  "threads",
  "devices",
  "pressure",
] as const;

export type Measure = (typeof allMeasures)[number];

/** The tree of version 1, and a file that shows it there. */
const version1: Record<Measure, readonly [tree: string, file: string]> = {
  cpu: ["cpuacct", "cpuacct.usage"],
  quota: ["cpu", "cpu.stat"],
  memory: ["memory", "memory.usage_in_bytes"],
  peakMemory: ["memory", "memory.max_usage_in_bytes"],
  swap: ["memory", "memory.memsw.usage_in_bytes"],
  // The root group has no pids.current.
  threads: ["pids", "cgroup.procs"],
  devices: ["blkio", "blkio.throttle.io_serviced_recursive"],
  pressure: ["unified", "cpu.pressure"],
};

/** The controller of version 2, or a file that shows it there. */
const version2: Record<Measure, { controller: string } | { file: string }> = {
  cpu: { file: "cpu.stat" },
  quota: { controller: "cpu" },
  memory: { controller: "memory" },
  peakMemory: { file: "memory.peak" },
  swap: { file: "memory.swap.current" },
  threads: { controller: "pids" },
  devices: { controller: "io" },
  pressure: { file: "cpu.pressure" },
};

/** What is counted for the groups on this host. */
export function findMeasures(trees: GroupTrees): ReadonlySet<Measure> {
  const has = trees.version === 1 ? isInVersion1 : isInVersion2;
  return new Set(allMeasures.filter((measure) => has(trees, measure)));
}

function isInVersion1(trees: GroupTrees, measure: Measure): boolean {
  const [tree, file] = version1[measure];
  const directory = directoryIn(trees, tree, "/");
  return directory !== undefined && hasFile(directory, file);
}

/** A controller may be on for containers that nothing else has it on for. */
function isInVersion2({ hierarchies: [root] }: GroupTrees, measure: Measure): boolean {
  if (root === undefined) return false;
  const mark = version2[measure];
  if ("file" in mark) return hasFile(root, mark.file);
  return (readKernelFile(join(root, "cgroup.controllers")) ?? "").split(/\s+/).includes(mark.controller);
}

/** The root group has not every file of the others. */
function hasFile(root: string, file: string): boolean {
  return [root, ...childGroups(root)].some((directory) => existsSync(join(directory, file)));
}
