import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

import { cgroupParent } from "./names.js";

/** Processes of a runtime, but this one: its daemon, monitors, containers, and what it has called. */
export async function processTraces(directory: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map((pid) => trace(pid, directory)));
  return found.filter((line) => line !== undefined);
}

async function trace(pid: string, directory: string): Promise<string | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  const command = (await read("cmdline")).replaceAll("\0", " ").trim();
  // One that has ended and waits to be reaped.
  if (command === "") return undefined;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
  const isOurs =
    command.includes(directory) ||
    cwd.includes(directory) ||
    (await read("cgroup")).includes(`/${cgroupParent(directory)}/`) ||
    hasRootIn(directory, await read("mountinfo"));
  return isOurs ? `process ${pid}: ${command}` : undefined;
}

// Other mounts tell nothing: each process that is about to become a container has all of the host's.
function hasRootIn(directory: string, mountinfo: string): boolean {
  return mountinfo.split("\n").some((line) => line.split(" ")[4] === "/" && line.includes(directory));
}

/** The open files of a process, by what they are; of this very process only those in the runtime's directory. */
export async function descriptorTraces(pid: number, directory: string): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(
    names.map((name) => readlink(join(`/proc/${pid}/fd`, name)).catch(() => "")),
  );
  return targets
    .filter((target) => target !== "" && (pid !== process.pid || target.includes(directory)))
    .map((target) => `descriptor ${target.replace(/\[\d+\]$/, "")}`);
}
