import { setTimeout as sleep } from "node:timers/promises";
import { CriError } from "../errors.js";
import { isAlive, markOf, type ProcessMark } from "./owner.js";

const graceMs = 10_000;
const pollMs = 5;

/** Ends a process, which need not be a child of ours, and waits for the end. */
export async function endProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const mark = await markOf(pid);
  if (!(await isAlive(mark))) return;
  send(pid, signal);
  await whenEnded(mark, pid);
}

/** Waits for the end of a process that is on its way out. */
export async function waitForEnd(pid: number): Promise<void> {
  await whenEnded(await markOf(pid), pid);
}

/** Resolves when it is gone, or a zombie. One that has not ended within 10 s is killed. */
async function whenEnded(mark: ProcessMark, pid: number): Promise<void> {
  if (await isGoneInTime(mark)) return;
  send(pid, "SIGKILL");
  if (await isGoneInTime(mark)) return;
  throw new CriError("internal", `Process ${pid} was killed and is still there`);
}

async function isGoneInTime(mark: ProcessMark): Promise<boolean> {
  const deadline = performance.now() + graceMs;
  while (await isAlive(mark)) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it has ended in the meantime.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
