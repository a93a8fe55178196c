import { constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { CriError } from "../../../errors.js";

const maxLinks = 40;
const maxFileBytes = 4 * 1024 * 1024;

/**
 * Reads a small file of a root filesystem whose content is not trusted: symbolic links are followed as the
 * container would follow them, so none leads outside, and anything but a plain file of moderate size is
 * refused without opening it. Undefined when there is no such file. Not for a filesystem in which processes
 * of its container already run: they could exchange a directory for a link in between.
 */
export async function readInside(rootfs: string, path: string): Promise<string | undefined> {
  const inside = await resolveInside(rootfs, path);
  if (inside === undefined) return undefined;
  const { size } = await plainFile(lstat(inside), path);
  if (size > maxFileBytes) throw refusal(path, `is larger than ${maxFileBytes} bytes`);
  const file = await open(inside, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** The host's path of a container's path; undefined when a part of it does not exist. */
export async function resolveInside(rootfs: string, path: string): Promise<string | undefined> {
  let pending = parts(path);
  let at = "/";
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    const next = resolve(at, name);
    const stats = await lstat(join(rootfs, next)).catch(() => undefined);
    if (!stats) return undefined;
    if (!stats.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > maxLinks) throw refusal(path, "goes through too many symbolic links");
    const target = await readlink(join(rootfs, next));
    at = target.startsWith("/") ? "/" : dirname(next);
    pending = [...parts(target), ...pending];
  }
  return join(rootfs, at);
}

function parts(path: string): string[] {
  return path.split("/").filter(Boolean);
}

async function plainFile<T extends { isFile(): boolean }>(stats: Promise<T>, path: string): Promise<T> {
  const found = await stats;
  if (!found.isFile()) throw refusal(path, "is not a plain file");
  return found;
}

function refusal(path: string, why: string): CriError {
  return new CriError("failed_precondition", `${path} in the image ${why}`);
}
