import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../errors.js";
import { type FileLock, lockFile } from "../adapters/file-lock.js";

/** Makes this process the only one to work on a root directory. Throws when another one does. */
export async function lockRoot(root: string): Promise<FileLock> {
  await mkdir(root, { recursive: true, mode: 0o711 });
  const path = join(root, "lock");
  const lock = await lockFile(path);
  if (!lock) {
    const pid = (await readFile(path, "utf8").catch(() => "")).trim();
    throw new CriError(
      "failed_precondition",
      `Root ${root} is in use by process ${pid || "unknown"}: stop that crikit-runtime or choose another --root`,
    );
  }
  // Only told to people: the lock itself does not depend on it.
  await writeFile(path, `${process.pid}\n`);
  return lock;
}
