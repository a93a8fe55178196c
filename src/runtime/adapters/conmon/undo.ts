import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { killTree } from "../process.js";
import { runCommand } from "../run-command.js";
import { monitorFiles } from "./arguments.js";
import type { ConmonCreate } from "./monitored.js";

/** An OCI runtime that hangs must not hold up the one who asked. */
const timeoutMs = 60_000;

/** With the monitor goes all that it has started: the OCI runtime and the container's init. */
export async function killMonitor(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  if (Number.isInteger(pid) && pid > 1) await killTree(pid);
}

export async function freeOciContainer({ id, bundle, runtime }: ConmonCreate): Promise<void> {
  const { monitorPid } = monitorFiles(bundle);
  // Without a monitor the OCI runtime was never called, and may not even exist.
  if ((await readFile(monitorPid, "utf8").catch(() => "")) === "") return;
  const { path, root, args, systemdCgroup } = runtime;
  const systemd = systemdCgroup ? ["--systemd-cgroup"] : [];
  await runCommand(path, ["--root", root, ...args, ...systemd, "delete", "--force", id], { timeoutMs });
}

export async function removeFiles({
  id,
  bundle,
  exitDirectory,
  attachDirectory,
}: ConmonCreate): Promise<void> {
  const { initPid, monitorPid, control } = monitorFiles(bundle);
  const paths = [initPid, monitorPid, ...control, join(exitDirectory, id), join(attachDirectory, id)];
  for (const path of paths) await rm(path, { force: true });
}
