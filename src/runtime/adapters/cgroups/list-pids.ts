import { join } from "node:path";

import { childGroups } from "./child-groups.js";
import { readKernelFile } from "./kernel-file.js";

/** The processes in a group and those below, given by its directory in one tree; none when it is gone. */
export function listPids(directory: string): number[] {
  return [...ownPids(directory), ...childGroups(directory).flatMap(listPids)];
}

/** Those in the group itself. */
export function ownPids(directory: string): number[] {
  const text = readKernelFile(join(directory, "cgroup.procs")) ?? "";
  // 0 stands for a process outside our PID namespace, and as a target of kill for our own process group.
  return text
    .split("\n")
    .map(Number)
    .filter((pid) => pid > 0);
}
