import { readdir } from "node:fs/promises";

import { hasOwnFileSystem } from "../adapters/mounts.js";
import type { LifecycleDeps } from "../deps.js";

/** For thousands of ends while there is no daemon: each takes a page. Memory is taken as they come. */
const sizeBytes = 64 * 1024 * 1024;

/**
 * Gives what monitors report a place that nothing else can fill. A monitor goes with its container: an end that it
 * cannot write down, because the disk is full, nobody learns any more.
 */
export async function makeMonitorRoom({
  paths,
  tmpfs,
}: Pick<LifecycleDeps, "paths" | "tmpfs">): Promise<void> {
  // It writes to both, and gives up at the first that it cannot write to.
  for (const directory of [paths.exits, paths.persist]) {
    // What a daemon that knew nothing of this has left would be hidden. There is another start.
    const isOpen = !hasOwnFileSystem(directory) && (await readdir(directory)).length === 0;
    if (isOpen) await tmpfs.mount(directory, { sizeBytes, mode: "0700", uid: 0, gid: 0 });
  }
}
