import { chmod, chown, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectory } from "../../make-directory.js";
import type { IdMappings } from "../../oci.js";
import { hasOwnFileSystem, labelOption } from "../mounts.js";
import { runCommand } from "../run-command.js";
import { unmountLazily } from "../unmount-lazily.js";
import { unmountIdmappedStore, withIdmappedStore } from "./idmapped-store.js";
import { type OwnerMapping, probeOwnerMapping } from "./owner-mapping.js";
import { shiftOwners } from "./shift-owners.js";

export type { OwnerMapping } from "./owner-mapping.js";

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
  /** For a user namespace: what its users are on the node, and how they come to own the files. */
  owners?: Owners | undefined;
  /** The SELinux label of all that is seen there. */
  label?: string | undefined;
}

export interface Owners {
  ids: IdMappings;
  by: OwnerMapping;
}

/** Layers of directories seen as one. */
export interface Overlay {
  mount(options: OverlayMount): Promise<void>;
  /** Layers that nobody can write to. */
  mountReadOnly(options: Omit<OverlayMount, "upper" | "work">): Promise<void>;
  /** How owners can be mapped where the layers are. */
  ownerMapping(store: string): Promise<OwnerMapping>;
  /** Not mounted, or no such directory: done. */
  unmount(target: string): Promise<void>;
  isMounted(target: string): boolean;
}

// An upper directory becomes a layer for others, so it must hold no metadata of its overlay.
const plainUpper = "metacopy=off,redirect_dir=off,index=off";
// A file that only changed its owner is not copied.
const shiftedUpper = "metacopy=on,redirect_dir=on,index=off";

export function createOverlay(): Overlay {
  const mappings = new Map<string, Promise<OwnerMapping>>();
  return {
    async mount({ store, layers, upper, work, target, owners, label }) {
      await rm(work, { recursive: true, force: true });
      for (const directory of [work, target]) await makeDirectory(directory);
      const isNew = (await makeDirectory(upper)) !== undefined;
      if (isNew) {
        // It lends its mode to the root of what is mounted, which all users of a container must be able to enter.
        await chmod(upper, 0o755);
        if (owners?.by === "idmapped") await chown(upper, owners.ids.uids.hostID, owners.ids.gids.hostID);
      }
      const kind = owners?.by === "shifted" ? shiftedUpper : plainUpper;
      const options = `lowerdir=${lowerDirectories(layers)},upperdir=${upper},workdir=${work},${kind}${labelOption(label)}`;
      await mountOverlay({ store, target, owners }, options);
      if (isNew && owners?.by === "shifted") await shiftOwners(target, owners.ids);
    },

    async mountReadOnly({ store, layers, target, owners, label }) {
      await makeDirectory(target);
      // Without an upper directory the kernel wants two lower ones: below them all lies the empty target.
      const options = `ro,lowerdir=${lowerDirectories(layers)}:${target}${labelOption(label)}`;
      await mountOverlay({ store, target, owners }, options);
    },

    ownerMapping(store) {
      const known = mappings.get(store) ?? probeOwnerMapping(dirname(store));
      mappings.set(store, known);
      return known;
    },

    async unmount(target) {
      if (hasOwnFileSystem(target)) await unmountLazily(target);
      // A daemon may have been killed in between.
      await unmountIdmappedStore(target);
    },

    isMounted: hasOwnFileSystem,
  };
}

// The kernel takes one page of options: names relative to the store leave room for hundreds of layers.
function lowerDirectories(layers: readonly string[]): string {
  return layers.toReversed().join(":");
}

async function mountOverlay(
  { store, target, owners }: Pick<OverlayMount, "store" | "target" | "owners">,
  options: string,
): Promise<void> {
  const mount = async (cwd: string) => {
    await runCommand("mount", ["-t", "overlay", "overlay", "-o", options, target], { cwd, dropStdout: true });
  };
  if (owners?.by === "idmapped") await withIdmappedStore({ store, target, ids: owners.ids }, mount);
  else await mount(store);
}
