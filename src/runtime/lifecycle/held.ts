import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Handler, LifecycleDeps } from "../deps.js";

const idPattern = /^[0-9a-f]{64}$/;

/** By ID, the handler of each container that an OCI runtime knows, whoever had it made. */
export async function listOciContainers({
  handlers,
  log,
}: Pick<LifecycleDeps, "handlers" | "log">): Promise<Map<string, Handler>> {
  const known = new Map<string, Handler>();
  for (const handler of new Set(handlers.values())) {
    // One that fails must not hide what the others know.
    const ids = await handler.runc.list().catch((error) => {
      log.error("A handler does not list its containers", { handler: handler.name, error });
      return [];
    });
    for (const id of ids.filter((each) => idPattern.test(each))) known.set(id, handler);
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
export function isHeld({ paths }: Pick<LifecycleDeps, "paths">, id: string): boolean {
  return existsSync(join(paths.persist, id));
}

/** The names in a directory that are IDs. */
export async function listIds(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).filter((name) => idPattern.test(name));
}
