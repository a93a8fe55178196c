import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import type { OciSpec } from "../../oci.js";

export interface Ended {
  /** Where the OCI runtime keeps what it knows of the container. */
  directory: string;
  bundle: string;
  removeGroup: () => Promise<void>;
}

/**
 * What `runc delete` does for a container none of whose processes is left, without the program, which would take
 * 5 ms of processor time to come up: its control group goes, then the directory of its state, with which it is known.
 *
 * False, and nothing is done, where the program has more to do or what there is does not look like runc's.
 */
export async function freeEnded({ directory, bundle, removeGroup }: Ended): Promise<boolean> {
  if (!existsSync(join(directory, "state.json")) || hasMore(bundle)) return false;
  await removeGroup();
  await rm(directory, { recursive: true, force: true });
  return true;
}

/** Hooks that are to be run after the end, or a class of the processor's cache. Unknown: presumed. */
function hasMore(bundle: string): boolean {
  try {
    const { hooks, linux }: OciSpec = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
    return hooks?.poststop !== undefined || linux.intelRdt !== undefined;
  } catch {
    return true;
  }
}
