import { listMounts, type MountEntry } from "../mounts.js";
import type { GroupTrees } from "./read-usage.js";

const mountRoot = "/sys/fs/cgroup";

/** The trees of control groups that this process sees; none where none is mounted. */
export async function findGroupTrees(): Promise<GroupTrees> {
  const mounts = (await listMounts()).filter(({ target }) => target.startsWith(mountRoot));
  const trees = mounts
    .filter((mount, index) => /^cgroup2?$/.test(mount.type) && !isCovered(mount, mounts.slice(index + 1)))
    .map(({ target }) => target);
  // On a hybrid host runc makes groups in the tree of version 2 as well.
  return trees.includes(mountRoot)
    ? { version: 2, hierarchies: [mountRoot] }
    : { version: 1, hierarchies: trees };
}

/** In a container something may be mounted over what the host had there. */
function isCovered({ target }: MountEntry, later: readonly MountEntry[]): boolean {
  return later.some((mount) => mount.target === target || target.startsWith(`${mount.target}/`));
}
