import { readdir, readFile } from "node:fs/promises";

/** What a runtime's processes hold, in kB. */
export interface RuntimeMemory {
  /** Resident: on a node it shares its program with no other process. */
  readonly daemon: number;
  /** Proportional, of all monitors: what several of them share counts once. */
  readonly monitors: number;
  /** Proportional, of all pause processes. */
  readonly pauses: number;
  /** All of these, and what the runtime was started under; only the containers' own processes are left out. */
  readonly whole: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

const monitorNames = ["conmon", "containerd-shim"];

/** Of the runtime with this daemon, whose containers run `payload`, a command name. */
export async function memoryOf(daemonPid: number, payload: string): Promise<RuntimeMemory> {
  const processes = await readProcesses();
  const own = below(processes, rootOf(processes, daemonPid)).filter(({ name }) => name !== payload);
  const monitors = own.filter(({ name }) => monitorNames.includes(name));
  const monitorPids = new Set(monitors.map(({ pid }) => pid));
  const pauses = own.filter(({ parent }) => monitorPids.has(parent));
  const rest = own.filter((one) => one.pid !== daemonPid && !monitors.includes(one) && !pauses.includes(one));
  const parts = {
    daemon: await residentMemory(daemonPid),
    monitors: await proportionalMemory(monitors),
    pauses: await proportionalMemory(pauses),
  };
  const whole = parts.daemon + parts.monitors + parts.pauses + (await proportionalMemory(rest));
  return { ...parts, whole };
}

/** In kB. */
export async function residentMemory(pid: number): Promise<number> {
  return readMemory(pid, "Rss");
}

/** The process of this name that was started by us, or by what we have started. */
export async function findStarted(name: string): Promise<number> {
  const found = below(await readProcesses(), process.pid).find((one) => one.name === name);
  if (!found) throw new Error(`No ${name} runs`);
  return found.pid;
}

async function proportionalMemory(processes: readonly Process[]): Promise<number> {
  const each = await Promise.all(processes.map(({ pid }) => readMemory(pid, "Pss")));
  return each.reduce((sum, one) => sum + one, 0);
}

async function readMemory(pid: number, what: "Rss" | "Pss"): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const [, kilobytes] = new RegExp(`^${what}:\\s+(\\d+) kB$`, "m").exec(rollup) ?? [];
  if (kilobytes === undefined) throw new Error(`Process ${pid} has no ${what}`);
  return Number(kilobytes);
}

/** The topmost process above this one that we have started ourselves. */
function rootOf(processes: readonly Process[], pid: number): number {
  const one = processes.find((each) => each.pid === pid);
  if (!one) throw new Error(`Process ${pid} is gone, or not ours`);
  return one.parent === process.pid ? pid : rootOf(processes, one.parent);
}

/** The process and all that descend from it. */
function below(processes: readonly Process[], pid: number): Process[] {
  const children = processes.filter(({ parent }) => parent === pid);
  const self = processes.filter((one) => one.pid === pid);
  return [...self, ...children.flatMap((child) => below(processes, child.pid))];
}

async function readProcesses(): Promise<Process[]> {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const stats = pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""));
  return (await Promise.all(stats)).flatMap((stat) => {
    // The name may hold blanks and brackets.
    const [, pid, name = "", parent] = /^(\d+) \((.*)\) \S (\d+)/s.exec(stat) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), name }];
  });
}
