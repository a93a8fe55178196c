import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../errors.js";

/** Of everything below a root. Raised with each change that an older daemon would misread. */
export const rootVersion = 1;

const fileName = "version";

/** The version of a root; undefined when it has none yet. Throws when a newer crikit-runtime has made it. */
export async function checkRootVersion(root: string): Promise<number | undefined> {
  const path = join(root, fileName);
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1) {
    throw new CriError("failed_precondition", `${path} holds no version: put back what stood there`);
  }
  if (version > rootVersion) {
    throw new CriError(
      "failed_precondition",
      `Root ${root} was made by a newer crikit-runtime (version ${version}, this one knows ${rootVersion}): run that one, or choose another --root`,
    );
  }
  return version;
}

/** Marks the root as of this version, unless it is. */
export async function writeRootVersion(root: string): Promise<void> {
  if ((await checkRootVersion(root)) === rootVersion) return;
  const path = join(root, fileName);
  const temporary = `${path}.tmp`;
  const file = await open(temporary, "w", 0o644);
  try {
    await file.writeFile(`${rootVersion}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
