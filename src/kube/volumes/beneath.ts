import { constants } from "node:fs";
import { chmod, type FileHandle, mkdir, open, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { CriError } from "../../errors.js";

// Linux; Node does not name it. The descriptor stands for the place and gives no access to the contents.
const openPath = 0o10000000;

/**
 * Opens a path of a volume, so that it cannot lead out of the volume: symbolic links count where they stay inside, and
 * one that is put in the way meanwhile is an error. What is missing is made, as directories like the volume's own.
 */
export async function openBeneath(volume: string, path: string): Promise<FileHandle> {
  const root = await realpath(volume);
  const { mode } = await stat(root);
  const { found, missing } = await longestPrefix(root, path);
  const inside = relative(root, found);
  if (inside === ".." || inside.startsWith("../")) throw leadsOut(path);
  const names = [...inside.split("/"), ...missing].filter((name) => name !== "" && name !== ".");
  let place = await open(root, openPath | constants.O_DIRECTORY);
  try {
    for (const name of names) {
      const next = await step(place, name, mode & 0o7777, path);
      await place.close();
      place = next;
    }
    return place;
  } catch (error) {
    await place.close();
    throw error;
  }
}

/** The part of the path that is there, with its links followed, and the names after it. */
async function longestPrefix(root: string, path: string): Promise<{ found: string; missing: string[] }> {
  const names = path.split("/");
  const missing: string[] = [];
  for (;;) {
    try {
      return { found: await realpath(join(root, ...names)), missing };
    } catch (error) {
      const last = names.pop();
      if (!isCode(error, "ENOENT") || last === undefined) throw error;
      missing.unshift(last);
    }
  }
}

async function step(place: FileHandle, name: string, mode: number, path: string): Promise<FileHandle> {
  const at = `/proc/self/fd/${place.fd}/${name}`;
  try {
    return await openNoLink(at, path);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
  try {
    await mkdir(at);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  }
  const made = await openNoLink(at, path);
  // Not left to the umask.
  await chmod(`/proc/self/fd/${made.fd}`, mode);
  return made;
}

async function openNoLink(at: string, path: string): Promise<FileHandle> {
  const handle = await open(at, openPath | constants.O_NOFOLLOW);
  if (!(await handle.stat()).isSymbolicLink()) return handle;
  await handle.close();
  throw leadsOut(path);
}

function leadsOut(path: string): CriError {
  return new CriError("failed_precondition", `subPath ${path} leads out of its volume, by a symbolic link`);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
