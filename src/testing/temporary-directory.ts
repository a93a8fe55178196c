import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The system's temporary directory, or /tmp where that is too long: a socket's path has at most 107 bytes. */
export function temporaryDirectory(): string {
  return tmpdir().length <= 40 ? tmpdir() : "/tmp";
}

/** A new temporary directory, removed on dispose. */
export async function scratchDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(temporaryDirectory(), "crikit-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
