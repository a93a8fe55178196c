import { chmod, chown } from "node:fs/promises";

import type { IdMappings } from "./oci.js";

/**
 * Lets the root of a user namespace pass through a directory of ours, on its way to a root file system, and
 * nobody else: programs in that file system may bear the setuid bit.
 */
export async function openToUsers(directory: string, { gids }: IdMappings): Promise<void> {
  await chown(directory, 0, gids.hostID);
  await chmod(directory, 0o710);
}
