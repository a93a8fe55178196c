import { readFile } from "node:fs/promises";

import { isAlive, type ProcessIdentity } from "../process.js";

/**
 * Whether a process is the live monitor of a container. After a reboot another one may have the pid and, counted
 * from the boot, the start time.
 */
export async function isMonitorOf(id: string, process: ProcessIdentity): Promise<boolean> {
  return (await isAlive(process)) && (await commandOf(process.pid)).includes(id);
}

/** Whether a process is a monitor that stands: it has been told to the file that names it. */
export async function isMonitor(pid: number): Promise<boolean> {
  const command = await commandOf(pid);
  const option = command.indexOf("--conmon-pidfile");
  const path = option < 0 ? undefined : command[option + 1];
  return path !== undefined && Number(await readFile(path, "utf8").catch(() => "")) === pid;
}

async function commandOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
}
