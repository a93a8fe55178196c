import { access, mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { CriError } from "../../../errors.js";
import { listMounts } from "../mounts.js";

export interface HostMountSource {
  /** The path without symbolic links. */
  path: string;
  /** Where the mount that it lies on passes mounts on to, in mountinfo's words: `shared:1`, `master:2`. */
  propagation: string[];
}

/** Looks up a path that is to be mounted. Where nothing is, it is told where that would lie. */
export async function findMountSource(hostPath: string): Promise<HostMountSource> {
  const path = await withoutLinks(hostPath);
  const mounts = await listMounts();
  for (let place = path; ; place = dirname(place)) {
    // Of mounts at the same place the last one is on top.
    const mount = mounts.findLast(({ target }) => target === place);
    if (mount || place === "/") return { path, propagation: mount?.propagation ?? [] };
  }
}

async function withoutLinks(path: string): Promise<string> {
  return realpath(path).catch(async () => join(await withoutLinks(dirname(path)), basename(path)));
}

/** Where nothing is, makes an empty directory, as other runtimes do. Throws when it cannot be made. */
export async function makeMountSource(path: string): Promise<void> {
  try {
    await access(path).catch(() => mkdir(path, { recursive: true, mode: 0o755 }));
  } catch (cause) {
    const problem = `Host path ${path} cannot be mounted: it is not there and cannot be made`;
    throw new CriError("failed_precondition", problem, { cause });
  }
}
