import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open, readFile, rm, stat } from "node:fs/promises";

import { sleep } from "../../async/abort.js";
import { identifyProcess } from "./process.js";

export interface FileLock {
  /** Gives the lock back, and with `remove` takes its file away. */
  release(options?: { remove?: boolean }): Promise<void>;
}

/** The lock is another process's. Its pid is undefined when it has not written it in time. */
export interface HeldLock {
  holder: number | undefined;
}

/** How long a holder may take to write its pid. */
const holderMs = 1000;
const pollMs = 20;

/**
 * Locks a file, which is made when it is not there, for as long as this process lives or until released. The
 * lock is the kernel's (flock), so nothing is left to clear away when a holder is killed, and two paths to one
 * file are one lock. Node cannot take such a lock itself: flock(1) takes it on our open file, which keeps it.
 */
export async function lockFile(path: string): Promise<FileLock | HeldLock> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const keep = await takeLock(file, path).catch(async (error) => {
    await file.close();
    throw error;
  });
  if (keep) return { release: (options) => release(file, path, options) };
  await file.close();
  // A holder may have taken the file away before we could lock it: that lock is nobody's any more.
  return keep === undefined ? lockFile(path) : { holder: await readHolder(path) };
}

/** True when the lock is ours, false when it is another's; undefined when the file is not at its path any more. */
async function takeLock(file: FileHandle, path: string): Promise<boolean | undefined> {
  if (!(await flock(file.fd))) return false;
  const [mine, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  if (mine.ino !== there?.ino || mine.dev !== there.dev) return undefined;
  await file.truncate();
  await file.write(`${process.pid}\n`, 0);
  return true;
}

async function flock(fd: number): Promise<boolean> {
  const child = spawn("flock", ["--exclusive", "--nonblock", "3"], {
    stdio: ["ignore", "ignore", "ignore", fd],
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  return exitCode === 0;
}

async function release(file: FileHandle, path: string, { remove = false } = {}): Promise<void> {
  if (remove) await rm(path, { force: true });
  await file.close();
}

/** What the file says may be of the holder before, until this one has written its own pid. */
async function readHolder(path: string): Promise<number | undefined> {
  const deadline = Date.now() + holderMs;
  for (;;) {
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    if (pid > 0 && (await identifyProcess(pid))) return pid;
    if (Date.now() >= deadline) return undefined;
    await sleep(pollMs);
  }
}
