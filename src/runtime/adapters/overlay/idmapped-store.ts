import { existsSync } from "node:fs";
import { mkdir, rmdir } from "node:fs/promises";

import type { IdMappings, OciIdMapping } from "../../oci.js";
import { isMountPoint } from "../mounts.js";
import { runCommand } from "../run-command.js";

/** Where the store is mounted for as long as an overlay is being mounted on `target`. */
export function idmappedStore(target: string): string {
  return `${target}.layers`;
}

/**
 * Mounts something with the store of layers seen through a mount on which the owners of files are those of a user
 * namespace. The overlay keeps what it needs of that mount, which therefore goes again at once.
 */
export async function withIdmappedStore(
  { store, target, ids }: { store: string; target: string; ids: IdMappings },
  mountOverlay: (store: string) => Promise<void>,
): Promise<void> {
  const place = idmappedStore(target);
  await mkdir(place, { recursive: true, mode: 0o700 });
  try {
    await mountIdmapped(store, place, ids);
    await mountOverlay(place);
  } finally {
    await unmountIdmappedStore(target);
  }
}

/** Not mounted, or no such directory: done. */
export async function unmountIdmappedStore(target: string): Promise<void> {
  const place = idmappedStore(target);
  if (!existsSync(place)) return;
  if (await isMountPoint(place)) await runCommand("umount", [place]);
  await rmdir(place);
}

/** mount passes over the option without a word before version 2.39: whether it worked must be looked at. */
export async function mountIdmapped(
  source: string,
  target: string,
  { uids, gids }: IdMappings,
): Promise<void> {
  const option = `X-mount.idmap=u:${range(uids)} g:${range(gids)}`;
  await runCommand("mount", ["--bind", "-o", option, source, target]);
}

function range({ containerID, hostID, size }: OciIdMapping): string {
  return `${containerID}:${hostID}:${size}`;
}
