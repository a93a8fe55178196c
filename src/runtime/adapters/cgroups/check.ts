import { access, constants } from "node:fs/promises";

import { CriError } from "../../../errors.js";
import { listMounts } from "../mounts.js";

const mountRoot = "/sys/fs/cgroup";

/** Throws when there are no control groups to put containers into, or they may not be written. */
export async function checkCgroups(): Promise<void> {
  const trees = (await listMounts()).filter(
    ({ target, type }) => target.startsWith(mountRoot) && /^cgroup2?$/.test(type),
  );
  if (trees.length === 0) {
    throw new CriError(
      "failed_precondition",
      `No control groups are mounted at ${mountRoot}: mount them, or run the container privileged`,
    );
  }
  for (const { target } of trees) {
    await access(target, constants.W_OK).catch((cause) => {
      throw new CriError(
        "failed_precondition",
        `Control groups at ${target} cannot be written: mount them read-write, or run the container privileged`,
        { cause },
      );
    });
  }
}
