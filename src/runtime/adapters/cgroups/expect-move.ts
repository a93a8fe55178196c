import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { readKernelFile } from "./kernel-file.js";
import { directoryIn, type GroupTrees } from "./read-usage.js";

/**
 * Before the kernel moves a process into a group it waits for all processors, some 10 ms, unless it has moved one
 * just before. So this process is moved to where it is: the wait passes while the OCI runtime comes up.
 */
export async function expectMove(trees: GroupTrees): Promise<void> {
  const [, own] = /^0::(.+)$/m.exec(readKernelFile("/proc/self/cgroup") ?? "") ?? [];
  const directory = own && directoryIn(trees, "unified", own);
  if (!directory) return;
  // Where the kernel does not let it, the wait comes later.
  await writeFile(join(directory, "cgroup.procs"), "0", { flag: "r+" }).catch(() => {});
}
