import { chmod, cp, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { CriError } from "../../../errors.js";
import { CommandError } from "../../adapters/command-error.js";
import { resolveInside } from "../../adapters/rootfs/read-inside.js";
import { unpackTar } from "../../adapters/tar/tar.js";
import type { SavedContainer } from "./read.js";

/** Puts what a container had written where the new one's changes go. Before the mount: no link of the image is there. */
export async function restoreChanges({ directory }: SavedContainer, upper: string): Promise<void> {
  await mkdir(upper, { recursive: true });
  await chmod(upper, 0o755);
  const archive = join(directory, "rootfs-diff.tar");
  try {
    await unpackTar(archive, upper);
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    throw new CriError("failed_precondition", `${archive} could not be unpacked: ${cause.stderr.trim()}`, {
      cause,
    });
  }
}

/** Removes what the container had removed of its image. */
export async function restoreRemovals({ deleted }: SavedContainer, rootfs: string): Promise<void> {
  for (const path of deleted) {
    // The names are of real directories: a link in their place is not theirs, and is not followed.
    const parent = dirname(path);
    if ((await resolveInside(rootfs, parent)) !== join(rootfs, parent)) continue;
    await rm(join(rootfs, path), { recursive: true, force: true });
  }
}

/** Keeps criu's images for the start: until then the caller may have removed its checkpoint. */
export async function keepProcesses({ directory }: SavedContainer, recordDirectory: string): Promise<void> {
  await cp(join(directory, "checkpoint"), processImages(recordDirectory), { recursive: true });
}

/** Where the images lie of a container that is yet to be started from them. */
export function processImages(recordDirectory: string): string {
  return join(recordDirectory, "restore");
}
