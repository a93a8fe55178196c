import { access, constants } from "node:fs/promises";

import { CriError } from "../../../errors.js";
import { findGroupTrees } from "./group-trees.js";

/** Throws when there are no control groups to put containers into, or they may not be written. */
export async function checkCgroups(): Promise<void> {
  const { hierarchies } = await findGroupTrees();
  if (hierarchies.length === 0) {
    throw new CriError(
      "failed_precondition",
      "No control groups are mounted at /sys/fs/cgroup: mount them, or run the container privileged",
    );
  }
  for (const path of hierarchies) {
    await access(path, constants.W_OK).catch((cause) => {
      throw new CriError(
        "failed_precondition",
        `Control groups at ${path} cannot be written: mount them read-write, or run the container privileged`,
        { cause },
      );
    });
  }
}
