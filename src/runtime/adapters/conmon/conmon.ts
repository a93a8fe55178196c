import { spawn } from "node:child_process";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { CriError } from "../../../errors.js";
import { identifyProcess, type ProcessIdentity } from "../process.js";

/** The OCI runtime that the monitor calls. */
export interface MonitoredRuntime {
  path: string;
  root: string;
  args: readonly string[];
  systemdCgroup: boolean;
}

export interface ConmonCreate {
  id: string;
  name: string;
  /** Directory with `config.json`; pid files and control fifos are made in it. */
  bundle: string;
  runtime: MonitoredRuntime;
  /** File for the output in CRI log format; undefined: the output is dropped. */
  logPath: string | undefined;
  /** Gets a file named for the container, holding its exit code, when it ends. */
  exitDirectory: string;
  /** Gets the file `oom` when the kernel killed a process of the container for want of memory. */
  persistDirectory: string;
  /** Parent of the directory with the attach socket. Socket paths end at 107 bytes: keep it short. */
  attachDirectory: string;
  terminal: boolean;
  stdin: boolean;
  /** Close the container's stdin when the first attached client goes. */
  stdinOnce: boolean;
}

export interface MonitoredContainer {
  init: ProcessIdentity;
  monitor: ProcessIdentity;
}

/** conmon: one small monitor process per container, which outlives the daemon. */
export interface Conmon {
  /**
   * Creates the container (`runc create`) under a monitor of its own. Thrown errors carry what the OCI
   * runtime said, for example that the command does not exist.
   */
  create(options: ConmonCreate): Promise<MonitoredContainer>;
  /** Makes the monitor open its log path anew, after a rotation has renamed the file. */
  reopenLog(bundle: string): Promise<void>;
}

export function createConmon(options: { path: string }): Conmon {
  return {
    create: (request) => create(options.path, request),
    reopenLog,
  };
}

export interface Exit {
  exitCode: number;
  /** When the monitor saw the end, in nanoseconds since the epoch. */
  finishedAt: bigint;
}

/** What the monitor wrote when the container ended; undefined as long as it has not. */
export async function readExitFile(exitDirectory: string, id: string): Promise<Exit | undefined> {
  const path = join(exitDirectory, id);
  try {
    const code = (await readFile(path, "utf8")).trim();
    // The monitor creates the file before it writes: empty means not yet.
    if (code === "") return undefined;
    const { mtimeNs } = await stat(path, { bigint: true });
    return { exitCode: Number(code), finishedAt: mtimeNs };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

const syncPipeFd = 3;

async function create(path: string, request: ConmonCreate): Promise<MonitoredContainer> {
  const pidFile = join(request.bundle, "pidfile");
  const monitorPidFile = join(request.bundle, "conmon.pid");
  const child = spawn(path, conmonArgs(request, pidFile, monitorPidFile), {
    cwd: request.bundle,
    env: { ...process.env, _OCI_SYNCPIPE: String(syncPipeFd) },
    // The monitor keeps what it inherits for as long as it lives, hence no pipe to us but the sync pipe.
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [report] = await Promise.all([
    firstLine(child.stdio[syncPipeFd] as Readable),
    new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => resolve());
    }),
  ]);
  const initPid = parseReport(report, request.id);
  const [init, monitor] = await Promise.all([
    identifyProcess(initPid),
    readFile(monitorPidFile, "utf8").then((pid) => identifyProcess(Number(pid))),
  ]);
  if (!init || !monitor) throw new CriError("internal", `Container ${request.id} ended while it was created`);
  return { init, monitor };
}

function conmonArgs(request: ConmonCreate, pidFile: string, monitorPidFile: string): string[] {
  const { runtime } = request;
  const args = ["--cid", request.id, "--cuuid", request.id, "--name", request.name];
  args.push("--bundle", request.bundle, "--container-pidfile", pidFile, "--conmon-pidfile", monitorPidFile);
  args.push("--runtime", runtime.path, "--runtime-arg", `--root=${runtime.root}`);
  for (const arg of runtime.args) args.push("--runtime-arg", arg);
  if (runtime.systemdCgroup) args.push("--systemd-cgroup");
  args.push("--log-path", request.logPath === undefined ? "none" : `k8s-file:${request.logPath}`);
  args.push("--log-level", "error", "--no-sync-log");
  args.push("--exit-dir", request.exitDirectory, "--persist-dir", request.persistDirectory);
  args.push("--socket-dir-path", request.attachDirectory);
  if (request.terminal) args.push("--terminal");
  if (request.stdin) args.push("--stdin");
  if (request.stdin && !request.stdinOnce) args.push("--leave-stdin-open");
  return args;
}

/** The monitor keeps its end of the pipe open for as long as it lives, so the end of the line is the end. */
async function firstLine(pipe: Readable): Promise<string> {
  try {
    for await (const line of createInterface({ input: pipe })) return line;
    return "";
  } finally {
    pipe.destroy();
  }
}

/** The report is one JSON line: the pid of the container's init, or -1 and what the OCI runtime said. */
function parseReport(report: string, id: string): number {
  let parsed: { pid?: number; data?: number; message?: string };
  try {
    parsed = JSON.parse(report);
  } catch (cause) {
    throw new CriError("internal", `conmon ended without a report for container ${id}`, { cause });
  }
  const pid = parsed.pid ?? parsed.data ?? -1;
  if (pid > 0) return pid;
  throw new CriError("internal", `Container could not be created: ${ociMessage(parsed.message ?? "")}`);
}

/** The OCI runtime's own words, without its log decoration. */
function ociMessage(message: string): string {
  const last = message.trim().split("\n").at(-1) ?? "";
  return /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replaceAll('\\"', '"') ?? (last || "no reason given");
}

const reopenLogMessage = "2 0 0\n";

async function reopenLog(bundle: string): Promise<void> {
  // Read and write: a fifo opened for writing only would wait for a reader if the monitor is gone.
  const fifo = await open(join(bundle, "ctl"), "r+");
  try {
    await fifo.write(reopenLogMessage);
  } finally {
    await fifo.close();
  }
}
