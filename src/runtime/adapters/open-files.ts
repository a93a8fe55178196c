import { readFileSync, readlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

export interface OpenFiles {
  files: number;
  /** How many of the files are sockets. */
  sockets: number;
}

/** Looking at so many takes about two milliseconds, in which nothing else is done. */
const filesAtOnce = 500;

/** The files that these processes have open. One that ends meanwhile has none. */
export async function countOpenFiles(pids: readonly number[]): Promise<OpenFiles> {
  const open = { files: 0, sockets: 0 };
  for (const pid of pids) {
    const directory = `/proc/${pid}/fd`;
    const names = await readdir(directory).catch(() => []);
    for (const name of names) {
      open.files += 1;
      if (isSocket(`${directory}/${name}`)) open.sockets += 1;
      if (open.files % filesAtOnce === 0) await setImmediate();
    }
  }
  return open;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false;
  }
}

/** How many files a process may have open by its soft limit; undefined without one, and without the process. */
export function softOpenFiles(pid: number): bigint | undefined {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : BigInt(soft);
  } catch {
    return undefined;
  }
}
