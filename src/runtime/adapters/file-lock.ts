import { spawn } from "node:child_process";
import { open } from "node:fs/promises";

export interface FileLock {
  release(): Promise<void>;
}

/**
 * Locks a file for as long as this process lives or until released; undefined when another process holds it.
 * The lock is the kernel's (flock), so nothing is left to clear away when a holder is killed. Node cannot
 * take such a lock itself: flock(1) takes it on our open file, which keeps it.
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const file = await open(path, "a", 0o600);
  const child = spawn("flock", ["--exclusive", "--nonblock", "3"], {
    stdio: ["ignore", "ignore", "ignore", file.fd],
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (exitCode === 0) return { release: () => file.close() };
  await file.close();
  return undefined;
}
