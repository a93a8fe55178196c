import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The directories of the groups in a group; none when it is gone. */
export async function childGroups(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
}
