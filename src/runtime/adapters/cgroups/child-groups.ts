import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The directories of the groups in a group; none when it is gone. */
export function childGroups(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  } catch {
    return [];
  }
}
