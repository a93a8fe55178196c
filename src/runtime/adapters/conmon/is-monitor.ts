import { readFile } from "node:fs/promises";

import { isAlive, type ProcessIdentity } from "../process.js";

/**
 * Whether a process is the live monitor of a container. After a reboot another one may have the pid and, counted
 * from the boot, the start time.
 */
export async function isMonitorOf(id: string, process: ProcessIdentity): Promise<boolean> {
  if (!(await isAlive(process))) return false;
  const command = await readFile(`/proc/${process.pid}/cmdline`, "utf8").catch(() => "");
  return command.split("\0").includes(id);
}
