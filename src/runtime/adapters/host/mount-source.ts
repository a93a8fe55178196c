import { mkdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";

import { listMounts } from "../mounts.js";

export interface HostMountSource {
  /** The path without symbolic links. */
  path: string;
  /** Where the mount that it lies on passes mounts on to, in mountinfo's words: `shared:1`, `master:2`. */
  propagation: string[];
}

/** Looks up a path that is to be mounted. Where nothing is, an empty directory is made, as other runtimes do. */
export async function prepareMountSource(hostPath: string): Promise<HostMountSource> {
  const path = await realpath(hostPath).catch(async (error) => {
    if (error.code !== "ENOENT") throw error;
    await mkdir(hostPath, { recursive: true, mode: 0o755 });
    return realpath(hostPath);
  });
  const mounts = await listMounts();
  // Of mounts at the same place the last one is on top.
  for (let place = path; ; place = dirname(place)) {
    const mount = mounts.findLast(({ target }) => target === place);
    if (mount || place === "/") return { path, propagation: mount?.propagation ?? [] };
  }
}
