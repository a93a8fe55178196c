import { readFileSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";

import { identifyProcess, type ProcessIdentity } from "./process.js";

/** In the environment of what a daemon starts: the state directory that it works for. */
export const ownerVariable = "CRIKIT_STATE";
const prefix = `${ownerVariable}=`;

/**
 * Marks all that this process starts from now on. For a process that is nothing but a daemon: of another one's
 * children nobody may say that they are to end with it.
 */
export function markPrograms(state: string): void {
  process.env[ownerVariable] = state;
}

/** What a daemon on this state directory, given by its real path, has started and that still runs. */
export async function findPrograms(state: string): Promise<ProcessIdentity[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: ProcessIdentity[] = [];
  for (const pid of pids) {
    const owner = ownerOf(pid);
    if (owner === undefined || realPath(owner) !== state) continue;
    const identity = await identifyProcess(pid);
    if (identity) found.push(identity);
  }
  return found;
}

/** Read at once: every start waits for those of all processes, and each turn of the event loop costs more. */
function ownerOf(pid: number): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return variables.find((variable) => variable.startsWith(prefix))?.slice(prefix.length);
  } catch {
    return undefined;
  }
}

/** The daemon was told a name of the directory, which may lead through links, as `/var/run` does. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
