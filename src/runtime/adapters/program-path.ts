import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** Programs by name, as the PATH of that time leads to them. */
let known: { search: string; paths: Map<string, string> } = { search: "", paths: new Map() };

/**
 * Where PATH leads for a program. Whoever is given a name alone has the kernel try each directory, for each call;
 * a long PATH makes that a millisecond. The name itself when it leads nowhere.
 */
export function programPath(name: string): string {
  if (name.includes("/")) return name;
  const search = process.env.PATH ?? "";
  if (search !== known.search) known = { search, paths: new Map() };
  const path = known.paths.get(name);
  if (path !== undefined && isExecutable(path)) return path;
  const found = search
    .split(delimiter)
    .filter(isAbsolute)
    .map((directory) => join(directory, name))
    .find(isExecutable);
  if (found === undefined) return name;
  known.paths.set(name, found);
  return found;
}

/** Asked at once: of a program that is run for every pod the kernel knows without the disk. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
