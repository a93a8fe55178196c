import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";

import { sleep } from "../../async/abort.js";
import { DeadlineError } from "../../errors.js";

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in clock ticks since boot: field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

interface ProcessStat {
  parent: number;
  startTime: string;
  state: string;
}

const firstPollMs = 1;
const longestPollMs = 8;
/** A killed process that waits for a disk or a network file system does not go before that answers. */
const deathMs = 10_000;

/** Who runs under this pid now; undefined when nobody does, or only a zombie. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = readStat(pid);
  return stat && stat.state !== "Z" && stat.state !== "X" ? { pid, startTime: stat.startTime } : undefined;
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(process.pid);
  return now?.startTime === process.startTime;
}

/** Polls until the process is gone. Meant for short waits on processes that are not our children. */
export async function waitUntilGone(process: ProcessIdentity, signal?: AbortSignal): Promise<void> {
  await poll(() => isAlive(process), signal);
}

/** The same, for a process whose parent is to have taken note of its end: no zombie is left either. */
export async function waitUntilReaped(pid: number, signal?: AbortSignal): Promise<void> {
  await poll(async () => readStat(pid) !== undefined, signal);
}

async function poll(lasts: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<void> {
  for (let pollMs = firstPollMs; await lasts(); pollMs = Math.min(2 * pollMs, longestPollMs)) {
    await sleep(pollMs, signal);
  }
}

/** Sends a signal; false when there is no such process. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

/**
 * Kills a process with all its descendants, and resolves when they are gone but for zombies. Each is stopped
 * before its children are looked up, so that none can be born unseen. A pid alone means whoever has it now.
 * Thrown when one is still there after 10 s.
 */
export async function killTree(root: number | ProcessIdentity): Promise<void> {
  const top = typeof root === "number" ? await identifyProcess(root) : root;
  const stopped: ProcessIdentity[] = [];
  let found = top && (await stop(top)) ? [top] : [];
  while (found.length > 0) {
    stopped.push(...found);
    const known = new Set(stopped.map(({ pid }) => pid));
    found = [];
    for (const child of await childrenOf(known)) {
      if (await stop(child)) found.push(child);
    }
  }
  for (const { pid } of stopped) sendSignal(pid, "SIGKILL");
  const deadline = AbortSignal.timeout(deathMs);
  for (const victim of stopped) {
    await waitUntilGone(victim, deadline).catch((cause) => {
      throw new DeadlineError(`Process ${victim.pid} was killed and is still there`, { cause });
    });
  }
}

/** Stops this very process; false when it has gone. A stranger that got its pid meanwhile runs on. */
async function stop(process: ProcessIdentity): Promise<boolean> {
  if (!(await isAlive(process)) || !sendSignal(process.pid, "SIGSTOP")) return false;
  if (await isAlive(process)) return true;
  sendSignal(process.pid, "SIGCONT");
  return false;
}

async function childrenOf(parents: ReadonlySet<number>): Promise<ProcessIdentity[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const children: ProcessIdentity[] = [];
  for (const pid of pids) {
    if (parents.has(pid)) continue;
    const stat = readStat(pid);
    if (stat && parents.has(stat.parent)) children.push({ pid, startTime: stat.startTime });
  }
  return children;
}

/** Read at once: the kernel makes it up, and waits for no disk and for no process as it does. */
function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, startTime] = [fields[0], fields[1], fields[19]];
  if (state === undefined || parent === undefined || startTime === undefined) return undefined;
  return { state, parent: Number(parent), startTime };
}
