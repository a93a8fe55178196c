import { access, constants, copyFile, mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../errors.js";

/** Makes the root file system of every pause container. Throws where no program can be run from it. */
export async function makePauseRootfs(directory: string, catatonit: string): Promise<void> {
  // The pause process runs as nobody and sees this directory as its root.
  for (const name of ["dev", "proc", "sys"]) await mkdir(join(directory, name), { recursive: true });
  const program = join(directory, "catatonit");
  // On a full disk there would be no room for another one.
  if (await isSame(program, catatonit)) return checkRuns(program, directory);
  const temporary = join(directory, `.catatonit.${process.pid}`);
  await copyFile(catatonit, temporary);
  await checkRuns(temporary, directory);
  await rename(temporary, program);
}

async function isSame(copy: string, original: string): Promise<boolean> {
  const [was, is] = await Promise.all([readFile(copy).catch(() => undefined), readFile(original)]);
  return was?.equals(is) ?? false;
}

async function checkRuns(program: string, directory: string): Promise<void> {
  await access(program, constants.X_OK).catch((cause) => {
    throw new CriError(
      "failed_precondition",
      `No program can be run from ${directory}: it is mounted noexec, choose another --state`,
      { cause },
    );
  });
}
