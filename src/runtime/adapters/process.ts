import { readdir, readFile } from "node:fs/promises";

import { sleep } from "../../async/abort.js";

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

/** Who runs under this pid now; undefined when nobody does, or only a zombie. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readStat(pid);
  return stat && stat.state !== "Z" && stat.state !== "X" ? { pid, startTime: stat.startTime } : undefined;
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(process.pid);
  return now?.startTime === process.startTime;
}

/** Polls until the process is gone. Meant for short waits on processes that are not our children. */
export async function waitUntilGone(process: ProcessIdentity, signal?: AbortSignal): Promise<void> {
  while (await isAlive(process)) await sleep(5, signal);
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
 * Kills a process with all its descendants. Each is stopped before its children are looked up, so that none
 * can be born unseen.
 */
export async function killTree(pid: number): Promise<void> {
  const found: number[] = [];
  let open = sendSignal(pid, "SIGSTOP") ? [pid] : [];
  while (open.length > 0) {
    found.push(...open);
    const parents = new Set(found);
    const seen = new Set(found);
    open = [];
    for (const candidate of await listPids()) {
      if (seen.has(candidate)) continue;
      const stat = await readStat(candidate);
      if (stat && parents.has(stat.parent) && sendSignal(candidate, "SIGSTOP")) open.push(candidate);
    }
  }
  for (const victim of found) sendSignal(victim, "SIGKILL");
}

async function listPids(): Promise<number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function readStat(pid: number): Promise<ProcessStat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, startTime] = [fields[0], fields[1], fields[19]];
  if (state === undefined || parent === undefined || startTime === undefined) return undefined;
  return { state, parent: Number(parent), startTime };
}
