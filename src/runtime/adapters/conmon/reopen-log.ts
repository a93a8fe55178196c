import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";

import { sleep } from "../../../async/abort.js";
import { DeadlineError } from "../../../errors.js";
import type { ReopenLogOptions } from "./monitored.js";

const reopenMessage = "2 0 0\n";
const timeoutMs = 5000;
const pollMs = 2;

export async function reopenLog(bundle: string, { logPath, signal }: ReopenLogOptions = {}): Promise<void> {
  const fifoPath = join(bundle, "ctl");
  const before = logPath === undefined ? undefined : await inode(logPath);
  if (!(await tellMonitor(fifoPath, reopenMessage)) || logPath === undefined) return;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const now = await inode(logPath);
    if (now !== undefined && now !== before) return;
    if (!(await tellMonitor(fifoPath))) return;
    if (performance.now() > deadline) {
      throw new DeadlineError(`The monitor did not open ${logPath} anew within ${timeoutMs} ms`);
    }
    await sleep(pollMs, signal);
  }
}

/** False when nobody reads the fifo: the container has ended. Without a message this only asks. */
async function tellMonitor(fifoPath: string, message?: string): Promise<boolean> {
  let fifo: FileHandle;
  try {
    fifo = await open(fifoPath, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, "ENXIO") || isErrno(error, "ENOENT")) return false;
    throw error;
  }
  try {
    if (message !== undefined) await fifo.write(message);
    return true;
  } catch (error) {
    if (isErrno(error, "EPIPE")) return false;
    throw error;
  } finally {
    await fifo.close();
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function inode(path: string): Promise<bigint | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats?.ino;
}
