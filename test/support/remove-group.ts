import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";

const root = "/sys/fs/cgroup";

/** Removes an empty control group from every tree: what a caller names as a pod's parent is the caller's. */
export async function removeGroup(path: string): Promise<void> {
  const trees = ["", ...(await readdir(root))];
  for (const tree of trees) {
    await rmdir(join(root, tree, path)).catch((error) => {
      if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
    });
  }
}
