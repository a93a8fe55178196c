import { access, constants, copyFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../errors.js";

/** Makes the root file system of every pause container. Throws where no program can be run from it. */
export async function makePauseRootfs(directory: string, catatonit: string): Promise<void> {
  // The pause process runs as nobody and sees this directory as its root.
  for (const name of ["dev", "proc", "sys"]) await mkdir(join(directory, name), { recursive: true });
  const temporary = join(directory, `.catatonit.${process.pid}`);
  await copyFile(catatonit, temporary);
  await access(temporary, constants.X_OK).catch((cause) => {
    throw new CriError(
      "failed_precondition",
      `No program can be run from ${directory}: it is mounted noexec, choose another --state`,
      { cause },
    );
  });
  await rename(temporary, join(directory, "catatonit"));
}
