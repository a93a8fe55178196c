import { rm, statfs } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../../errors.js";
import { isFullDisk } from "../../../wire/full-disk.js";
import { makeDirectory } from "../../make-directory.js";
import { unmountBelow } from "../mounts.js";
import { createOverlay } from "./overlay.js";

/** An overlay's own number in the kernel's magic.h. */
const overlayType = 0x794c7630;

/**
 * Throws when no overlay whose changes go into this directory can be mounted. On a full disk nobody can know: the daemon
 * must be there for its containers to be removed.
 */
export async function checkOverlay(directory: string): Promise<void> {
  const store = join(directory, "probe");
  const [upper, work, target] = [join(store, "upper"), join(store, "work"), join(store, "merged")];
  const overlay = createOverlay();
  try {
    // An earlier daemon may have been killed here.
    await clear(store);
    await makeDirectory(join(store, "lower"), { mode: 0o700 });
    await overlay.mount({ store, layers: ["lower"], upper, work, target });
    await overlay.unmount(target);
  } catch (cause) {
    if (isFullDisk(cause)) return;
    const isOnOverlay = (await statfs(directory)).type === overlayType;
    const mend = isOnOverlay
      ? "it lies on an overlay itself, as in a container: mount a volume or a tmpfs there"
      : "the kernel must have overlayfs, and the file system must be one that it can write to, such as ext4, xfs or tmpfs";
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CriError(
      "failed_precondition",
      `No overlay can be mounted in ${directory} (${reason}): ${mend}`,
      { cause },
    );
  } finally {
    await clear(store);
  }
}

async function clear(store: string): Promise<void> {
  await unmountBelow(store);
  await rm(store, { recursive: true, force: true });
}
