import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { until } from "../../support/until.js";
import type { Served } from "./served.js";

export type Kind = "sandboxes" | "containers";

interface Inside {
  /** Of the container, or of the pod's pause process. */
  initPid: number;
  monitorPid: number;
}

/** The processes that a record names. */
export async function insides(test: Served, kind: Kind, id: string): Promise<Inside> {
  const { record } = JSON.parse(await readFile(recordPath(test, kind, id), "utf8"));
  return { initPid: (record.init ?? record.pause).pid, monitorPid: record.monitor.pid };
}

export function recordPath({ directory }: Served, kind: Kind, id: string): string {
  return join(directory, "root", kind, id, "record.json");
}

/** As a daemon that died there would have left it. */
export async function rewrite(test: Served, kind: Kind, id: string, change: object): Promise<void> {
  const path = recordPath(test, kind, id);
  const file = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...file, record: { ...file.record, ...change } }));
}

/** Kills a process, and waits until it is gone. */
export async function killProcess(pid: number, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  process.kill(pid, signal);
  await until(`process ${pid} is gone`, async () => !(await isAlive(pid)));
}

/** Not counting those that only wait for the host to reap them. */
export async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return status !== "" && !/^State:\s+[ZX]/m.test(status);
}

/** The live processes in the control group of a pod or container. */
export async function processesOf(id: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
      return groups.includes(id) && (await isAlive(pid)) ? [pid] : [];
    }),
  );
  return found.flat();
}
