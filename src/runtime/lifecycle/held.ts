import { access, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { LifecycleDeps } from "../deps.js";

const idPattern = /^[0-9a-f]{64}$/;

/** By ID, the handler of each container that an OCI runtime knows. */
export async function listOciContainers({
  handlers,
}: Pick<LifecycleDeps, "handlers">): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const { name, root } of new Set(handlers.values())) {
    for (const id of await listIds(root)) known.set(id, name);
  }
  return known;
}

/**
 * Those for whose processes an OCI runtime or a monitor may hold something: they have a directory for the monitor's
 * reports, which is made before anything else and removed after it.
 */
export async function listHeld({ paths }: Pick<LifecycleDeps, "paths">): Promise<Set<string>> {
  return new Set(await listIds(paths.persist));
}

/** The same of one. */
export function isHeld({ paths }: Pick<LifecycleDeps, "paths">, id: string): Promise<boolean> {
  return access(join(paths.persist, id)).then(
    () => true,
    () => false,
  );
}

/** The names in a directory that are IDs. */
export async function listIds(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).filter((name) => idPattern.test(name));
}
