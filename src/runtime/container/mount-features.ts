import { CriError } from "../../errors.js";
import type { ContainerConfig } from "../../proto.js";
import type { Handler } from "../deps.js";

/** Refuses, with the reason that CRI has for it, what the pod's OCI runtime cannot do with a mount. */
export async function checkMountFeatures(
  { name, features }: Handler,
  { mounts }: ContainerConfig,
): Promise<void> {
  const index = mounts.findIndex(({ recursiveReadOnly }) => recursiveReadOnly);
  if (index === -1 || (await features()).recursiveReadOnlyMounts) return;
  throw new CriError(
    "rro_unsupported",
    `config.mounts[${index}].recursive_read_only is set, and handler "${name}" has no such mounts: use another one`,
  );
}
