import { closeSync, constants, existsSync, openSync, readSync, unlinkSync } from "node:fs";
import { join } from "node:path";

import { sleep } from "../../../async/abort.js";
import { DeadlineError } from "../../../errors.js";
import { isAlive, type ProcessIdentity } from "../process.js";

const longestPollMs = 8;

export interface LetGo {
  /** Where the OCI runtime keeps what it knows of the container. */
  directory: string;
  init: ProcessIdentity;
  timeoutMs: number;
}

/**
 * What `runc start` does, without the program, which would take 5 ms of processor time to come up. The init of a
 * created container waits for a reader of `exec.fifo`, tells it by a byte that it goes on, and closes it just before or
 * as it becomes the command; a container without that file counts as running. So it has been in every runc since
 * 1.0. The fifo of crun, with which it is the init that reads, does not lie beside a `state.json`.
 *
 * False when there is nobody to let go in this way: the program has the right answer to that.
 */
export async function letGo({ directory, init, timeoutMs }: LetGo): Promise<boolean> {
  const path = join(directory, "exec.fifo");
  const fifo = existsSync(join(directory, "state.json")) ? openFifo(path) : undefined;
  if (fifo === undefined) return false;
  try {
    if (!(await hasGone(fifo, init, timeoutMs))) return false;
    unlinkSync(path);
    return true;
  } finally {
    closeSync(fifo);
  }
}

/** Without waiting for who is to write. */
function openFifo(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** Whether the init went on; false when it ended before. Closing the fifo any earlier would kill it as it writes. */
async function hasGone(fifo: number, init: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  let told = false;
  for (let pollMs = 1; ; pollMs = Math.min(2 * pollMs, longestPollMs)) {
    // In this order: it may tell and end in between.
    const lives = told || (await isAlive(init));
    const read = readFifo(fifo);
    told ||= read === "byte";
    if (read === "end" && (told || !lives)) return told;
    if (performance.now() > deadline) {
      throw new DeadlineError(`The init process ${init.pid} did not become the container's command in time`);
    }
    if (read !== "byte") await sleep(pollMs);
  }
}

/** The end is also what there is before anybody writes. */
function readFifo(fifo: number): "byte" | "nothing" | "end" {
  try {
    return readSync(fifo, Buffer.alloc(8)) > 0 ? "byte" : "end";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return "nothing";
    throw error;
  }
}
