import { type MakeDirectoryOptions, mkdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";

/**
 * Makes a directory with those above it; resolves to the first one that was not there. On a full disk Node's `mkdir`
 * rejects with ENOENT, and `mkdirSync` throws what it is.
 */
export async function makeDirectory(
  path: string,
  { mode }: Pick<MakeDirectoryOptions, "mode"> = {},
): Promise<string | undefined> {
  const options = { recursive: true, mode } as const;
  return mkdir(path, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return mkdirSync(path, options);
  });
}
