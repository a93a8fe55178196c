import { basename, join } from "node:path";

import type { GroupCounters } from "./counters.js";
import { readCountersV1 } from "./counters-v1.js";
import { readCountersV2 } from "./counters-v2.js";
import type { GroupUsage } from "./usage.js";
import { readUsageV1 } from "./usage-v1.js";
import { readUsageV2 } from "./usage-v2.js";

/** Where the groups of a host are: one tree in version 2, one for each set of controllers in version 1. */
export interface GroupTrees {
  version: 1 | 2;
  /** The trees' directories. */
  hierarchies: readonly string[];
}

/** The directory of a group in the tree that has a controller; undefined when none has. */
export function directoryIn(trees: GroupTrees, controller: string, group: string): string | undefined {
  const { version, hierarchies } = trees;
  const has = (tree: string) => version === 2 || basename(tree).split(",").includes(controller);
  const tree = hierarchies.find(has);
  return tree === undefined ? undefined : join(tree, group);
}

/** Reads the usage of a group, given by its path in every tree. Of a group that is gone nothing is known. */
export function readUsage(trees: GroupTrees, group: string): GroupUsage {
  const memory = directoryIn(trees, "memory", group);
  if (trees.version === 2) return memory === undefined ? {} : readUsageV2(memory);
  return readUsageV1({
    cpuacct: directoryIn(trees, "cpuacct", group),
    memory,
    unified: directoryIn(trees, "unified", group),
  });
}

/** Reads what the kernel counts for a group beside its usage. */
export function readCounters(trees: GroupTrees, group: string): GroupCounters {
  const directoryOf = (controller: string) => directoryIn(trees, controller, group);
  const only = directoryOf("memory");
  return trees.version === 2 && only !== undefined ? readCountersV2(only) : readCountersV1(directoryOf);
}
