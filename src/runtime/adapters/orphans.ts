import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";

import { identifyProcess, type ProcessIdentity } from "./process.js";

/** In the environment of what a daemon starts: the state directory that it works for. */
export const ownerVariable = "CRIKIT_STATE";

/**
 * Marks all that this process starts from now on. For a process that is nothing but a daemon: of another one's
 * children nobody may say that they are to end with it.
 */
export function markPrograms(state: string): void {
  process.env[ownerVariable] = state;
}

/** What a daemon on this state directory has started and that still runs. */
export async function findPrograms(state: string): Promise<ProcessIdentity[]> {
  const mark = `${ownerVariable}=${state}`;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: ProcessIdentity[] = [];
  for (const pid of pids) {
    if (!readEnvironment(pid).split("\0").includes(mark)) continue;
    const identity = await identifyProcess(pid);
    if (identity) found.push(identity);
  }
  return found;
}

/** Read at once: every start waits for those of all processes, and each turn of the event loop costs more. */
function readEnvironment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}
