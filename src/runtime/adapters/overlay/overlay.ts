import { chmod, mkdir, rm } from "node:fs/promises";

import { isMountPoint } from "../mounts.js";
import { runCommand } from "../run-command.js";

export interface OverlayMount {
  /** The directory of the layers. */
  store: string;
  /** Names of directories in the store, the lowest layer first. */
  layers: readonly string[];
  /** Where changes go. Made if it is missing. */
  upper: string;
  /** The kernel's scratch space, on the file system of `upper`. Made anew for each mount. */
  work: string;
  target: string;
}

/** Layers of directories seen as one. */
export interface Overlay {
  mount(options: OverlayMount): Promise<void>;
  /** Layers that nobody can write to. */
  mountReadOnly(options: Pick<OverlayMount, "store" | "layers" | "target">): Promise<void>;
  /** Not mounted, or no such directory: done. */
  unmount(target: string): Promise<void>;
  isMounted(target: string): Promise<boolean>;
}

// An upper directory becomes a layer for others, so it must hold no metadata of its overlay.
const plainUpper = "metacopy=off,redirect_dir=off,index=off";

export function createOverlay(): Overlay {
  return {
    async mount({ store, layers, upper, work, target }) {
      await rm(work, { recursive: true, force: true });
      for (const directory of [work, target]) await mkdir(directory, { recursive: true });
      // It lends its mode to the root of what is mounted, which all users of a container must be able to enter.
      if (await mkdir(upper, { recursive: true })) await chmod(upper, 0o755);
      const options = `lowerdir=${lowerDirectories(layers)},upperdir=${upper},workdir=${work},${plainUpper}`;
      await mountOverlay(store, options, target);
    },

    async mountReadOnly({ store, layers, target }) {
      await mkdir(target, { recursive: true });
      // Without an upper directory the kernel wants two lower ones: below them all lies the empty target.
      await mountOverlay(store, `ro,lowerdir=${lowerDirectories(layers)}:${target}`, target);
    },

    async unmount(target) {
      if (await isMountPoint(target)) await runCommand("umount", [target]);
    },

    isMounted: isMountPoint,
  };
}

// The kernel takes one page of options: names relative to the store leave room for hundreds of layers.
function lowerDirectories(layers: readonly string[]): string {
  return layers.toReversed().join(":");
}

async function mountOverlay(store: string, options: string, target: string): Promise<void> {
  await runCommand("mount", ["-t", "overlay", "overlay", "-o", options, target], { cwd: store });
}
