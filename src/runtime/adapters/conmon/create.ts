import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { Readable } from "node:stream";

import { abortable } from "../../../async/abort.js";
import { type Rollback, withRollback } from "../../../async/rollback.js";
import { CriError, DeadlineError } from "../../../errors.js";
import { environmentToFind, helperEnvironment } from "../helper-environment.js";
import { identifyProcess } from "../process.js";
import { conmonArguments, monitorFiles } from "./arguments.js";
import type { ConmonCreate, MonitoredContainer } from "./monitored.js";
import { type MonitorPipes, parseReport, readReport } from "./report.js";
import { freeOciContainer, killMonitor, removeFiles } from "./undo.js";

const syncPipeFd = 3;
const stderrFd = 2;
/** As long as kubelet waits for a container to start. An OCI runtime that hangs must not hold up the rest. */
const timeoutMs = 120_000;

export async function createMonitored(path: string, request: ConmonCreate): Promise<MonitoredContainer> {
  const { exitDirectory, persistDirectory, attachDirectory, signal } = request;
  const args = conmonArguments(request);
  for (const directory of [exitDirectory, persistDirectory, attachDirectory]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  await requireNew(request);
  signal?.throwIfAborted();
  let undoFailures: unknown[] = [];
  try {
    return await withRollback(
      (rollback) => start(path, args, { request, rollback }),
      (failures) => {
        undoFailures = failures.map(({ error }) => error);
      },
    );
  } catch (error) {
    if (undoFailures.length === 0) throw error;
    const cause = new AggregateError([error, ...undoFailures]);
    const message = error instanceof Error ? error.message : String(error);
    throw new CriError("internal", `${message}; what it left could not all be freed`, { cause });
  }
}

/** What is undone here must be our own work: neither another container of this ID nor a stranger's pid. */
async function requireNew({ id, bundle, runtime }: ConmonCreate): Promise<void> {
  // A directory of this name, or files that begin with it.
  const known = await readdir(runtime.root).catch(() => []);
  if (known.some((name) => name.startsWith(id)))
    throw new CriError("already_exists", `The OCI runtime has a container ${id} already`);
  const { initPid, monitorPid } = monitorFiles(bundle);
  for (const path of [initPid, monitorPid]) rmSync(path, { force: true });
}

async function start(
  path: string,
  args: string[],
  { request, rollback }: { request: ConmonCreate; rollback: Rollback },
): Promise<MonitoredContainer> {
  const { id, bundle, restore } = request;
  const files = monitorFiles(bundle);
  rollback.add("remove the monitor's files", () => removeFiles(request));
  rollback.add("free the OCI container", () => freeOciContainer(request));
  const child = spawn(path, args, {
    cwd: bundle,
    env: {
      ...(restore ? environmentToFind(restore.criu) : helperEnvironment()),
      _OCI_SYNCPIPE: String(syncPipeFd),
    },
    // The monitor keeps the sync pipe for as long as it lives; it lets go of its stderr once it stands.
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const started = hasStarted(child);
  rollback.add("kill the monitor", async () => {
    // The first process writes the pid file before it ends.
    await started.catch(() => {});
    await killMonitor(files.monitorPid);
  });
  const report = await withinTime(readReport(pipesOf(child), started), request);
  const initPid = parseReport(report, request);
  const monitorPid = Number(await readFile(files.monitorPid, "utf8"));
  const [init, monitor] = await Promise.all([identifyProcess(initPid), identifyProcess(monitorPid)]);
  if (!init || !monitor) throw new CriError("internal", `Container ${id} ended while it was created`);
  return { init, monitor };
}

async function withinTime<T>(work: Promise<T>, { runtime, signal }: ConmonCreate): Promise<T> {
  const deadline = new AbortController();
  const error = new DeadlineError(
    `${runtime.path} (handler ${runtime.handler}) did not create the container within ${timeoutMs / 1000} s`,
  );
  const timer = setTimeout(() => deadline.abort(error), timeoutMs);
  try {
    return await abortable(abortable(work, deadline.signal), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The spawned process forks the monitor and ends. */
function hasStarted(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(
        new CriError("internal", `conmon could not be run: ${missing(cause) ?? cause.message}`, { cause }),
      ),
    );
    child.once("exit", () => resolve());
  });
  // The one who awaits may have been aborted before.
  ended.catch(() => {});
  return ended;
}

function missing(error: NodeJS.ErrnoException): string | undefined {
  return error.code === "ENOENT" ? "apt-get install conmon" : undefined;
}

function pipesOf({ stdio }: ChildProcess): MonitorPipes {
  const [sync, stderr] = [stdio[syncPipeFd], stdio[stderrFd]];
  if (!(sync instanceof Readable && stderr instanceof Readable)) {
    throw new CriError("internal", "conmon was spawned without its pipes");
  }
  return { sync, stderr };
}
