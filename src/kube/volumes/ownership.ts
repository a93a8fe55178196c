import { chmod, chown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Gives all that is in a volume to the group, which may read it, and write it where the volume is not read-only. */
export async function giveToGroup(path: string, group: number, isReadOnly: boolean): Promise<void> {
  const entry = await lstat(path);
  await chown(path, entry.uid, group);
  const access = isReadOnly ? 0o440 : 0o660;
  if (!entry.isDirectory()) return chmod(path, (entry.mode & 0o7777) | access);
  for (const name of await readdir(path)) await giveToGroup(join(path, name), group, isReadOnly);
  // New files belong to the group as well.
  await chmod(path, (entry.mode & 0o7777) | access | 0o2110);
}
