import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The system's temporary directory, or /tmp where that will not do: a socket's path has at most 107 bytes, and
 * the options of an overlay mount bear no comma or colon in a path.
 */
export function temporaryDirectory(): string {
  return /^\/[\w./+-]{1,39}$/.test(tmpdir()) ? tmpdir() : "/tmp";
}

/** A new temporary directory, removed on dispose. */
export async function scratchDirectory(
  parent = temporaryDirectory(),
): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(parent, "crikit-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
