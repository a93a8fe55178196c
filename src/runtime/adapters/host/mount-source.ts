import { mkdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";

import { CriError } from "../../../errors.js";
import { listMounts } from "../mounts.js";

export interface HostMountSource {
  /** The path without symbolic links. */
  path: string;
  /** Where the mount that it lies on passes mounts on to, in mountinfo's words: `shared:1`, `master:2`. */
  propagation: string[];
}

/**
 * Looks up a path that is to be mounted. Where nothing is, an empty directory is made, as other runtimes do.
 * Throws when it can neither be found nor made.
 */
export async function prepareMountSource(hostPath: string): Promise<HostMountSource> {
  const path = await findOrMake(hostPath).catch((cause) => {
    throw new CriError(
      "failed_precondition",
      `Host path ${hostPath} cannot be mounted: it is not there and cannot be made`,
      { cause },
    );
  });
  const mounts = await listMounts();
  for (let place = path; ; place = dirname(place)) {
    // Of mounts at the same place the last one is on top.
    const mount = mounts.findLast(({ target }) => target === place);
    if (mount || place === "/") return { path, propagation: mount?.propagation ?? [] };
  }
}

async function findOrMake(hostPath: string): Promise<string> {
  try {
    return await realpath(hostPath);
  } catch {
    await mkdir(hostPath, { recursive: true, mode: 0o755 });
    return realpath(hostPath);
  }
}
