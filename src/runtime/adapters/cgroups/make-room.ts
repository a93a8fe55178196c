import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { findGroupTrees } from "./group-trees.js";
import { readKernelFile } from "./kernel-file.js";
import { ownPids } from "./list-pids.js";

/** What runs in the group may fork while it is moved. */
const attempts = 10;

/** Makes room in the root group as this process sees it; nothing is needed for version 1. */
export async function makeRoomInRoot(): Promise<number> {
  const { version, hierarchies } = await findGroupTrees();
  const [root] = hierarchies;
  return version === 2 && root !== undefined ? makeRoom(root) : 0;
}

/**
 * Lets the groups in a group of version 2 have every controller that it has itself. The kernel refuses that to
 * a group with processes of its own, as a container's is that takes it for the root: they are moved to the
 * group `init` below. Resolves to how many. The root of a host, and any group that lets them already, is left
 * as it is.
 */
export async function makeRoom(group: string): Promise<number> {
  const moved = new Set<number>();
  for (let attempt = 0; attempt < attempts && !(await enable(group, missing(group))); attempt += 1) {
    const init = join(group, "init");
    await mkdir(init, { recursive: true });
    for (const pid of ownPids(group)) {
      if (await write(join(init, "cgroup.procs"), `${pid}`)) moved.add(pid);
    }
  }
  return moved.size;
}

function missing(group: string): string[] {
  const words = (file: string) => (readKernelFile(join(group, file)) ?? "").split(/\s+/).filter(Boolean);
  const enabled = words("cgroup.subtree_control");
  return words("cgroup.controllers").filter((controller) => !enabled.includes(controller));
}

/** False when processes are in the way. A controller that cannot be enabled for another reason is passed over. */
async function enable(group: string, controllers: readonly string[]): Promise<boolean> {
  for (const controller of controllers) {
    const path = join(group, "cgroup.subtree_control");
    const error = await writeFile(path, `+${controller}`, { flag: "r+" }).catch((reason) => reason);
    if (error?.code === "EBUSY") return false;
  }
  return true;
}

/** False when it could not be: a process that has ended, one that the kernel does not move. */
function write(path: string, text: string): Promise<boolean> {
  return writeFile(path, text, { flag: "r+" }).then(
    () => true,
    () => false,
  );
}
