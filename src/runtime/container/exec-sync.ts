import type { ChildProcess } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { create } from "@bufbuild/protobuf";

import { CriError, DeadlineError, InvalidArgumentError } from "../../errors.js";
import { type ExecSyncRequest, type ExecSyncResponse, ExecSyncResponseSchema } from "../../proto.js";
import { killTree } from "../adapters/process.js";
import { killSession } from "../adapters/session.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import { requireHandler } from "../lifecycle/oci-container.js";
import type { OciProcess } from "../oci.js";
import { required } from "../required.js";
import { execProcess } from "../spec/exec-process.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import { requireById } from "../state/ids.js";
import { collectOutput } from "./output.js";

const reapMs = 1000;

/** Runs a command in a running container and gives its output once it has ended. */
export async function execSync(
  deps: RuntimeDeps,
  request: ExecSyncRequest,
  { signal }: UseCaseOptions = {},
): Promise<ExecSyncResponse> {
  const record = requireById(deps.containers, required(request.containerId, "container_id"), "container");
  if (request.cmd.length === 0) throw new InvalidArgumentError("cmd is empty", { field: "cmd" });
  if (containerState(record) !== "running") {
    throw new CriError(
      "failed_precondition",
      `Container ${record.id} is ${containerState(record)}, not running`,
    );
  }
  const { directory } = deps.paths.container(record.id);
  const scratch = await mkdtemp(join(directory, "exec-"));
  try {
    const child = await spawnIn(deps, record, { cmd: request.cmd, scratch });
    return await finish(child, { containerId: record.id, request, scratch, signal });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function spawnIn(
  deps: RuntimeDeps,
  record: ContainerRecord,
  { cmd, scratch }: { cmd: string[]; scratch: string },
): Promise<ChildProcess> {
  const { directory } = deps.paths.container(record.id);
  const spec: { process: OciProcess } = JSON.parse(await readFile(join(directory, "config.json"), "utf8"));
  const handler = deps.sandboxes.get(record.sandboxId)?.handler ?? "";
  const child = await requireHandler(deps, handler).runc.exec(
    record.id,
    execProcess(spec.process, cmd, false),
    {
      processFile: join(scratch, "process.json"),
      pidFile: pidFile(scratch),
    },
  );
  child.stdin?.end();
  return child;
}

interface Finishing {
  containerId: string;
  request: ExecSyncRequest;
  scratch: string;
  signal: AbortSignal | undefined;
}

async function finish(child: ChildProcess, finishing: Finishing): Promise<ExecSyncResponse> {
  const { request, scratch, signal } = finishing;
  const limit = new AbortController();
  const seconds = Number(request.timeout);
  const timer = seconds > 0 ? setTimeout(() => limit.abort(timedOut(request)), seconds * 1000) : undefined;
  const signals = signal ? [limit.signal, signal] : [limit.signal];
  try {
    const { exitCode, stdout, stderr } = await collectOutput(child, AbortSignal.any(signals));
    // The pid file is written once the command runs: without it the OCI runtime speaks for itself.
    if (exitCode !== 0 && !(await exists(pidFile(scratch)))) throw couldNotRun(request, stderr);
    return create(ExecSyncResponseSchema, { stdout, stderr, exitCode });
  } catch (error) {
    // Whatever ended the wait, nothing of the command may run on.
    await killCommand(child, finishing);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Kills the command with its descendants and leaves the OCI runtime a moment to reap it: an orphan would be
 * the host's to reap, and until it does the container's PID namespace cannot end.
 */
async function killCommand(child: ChildProcess, { scratch, containerId }: Finishing): Promise<void> {
  const { pid: runtimePid } = child;
  if (runtimePid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const commandPid = Number(await readFile(pidFile(scratch), "utf8").catch(() => ""));
  if (commandPid <= 0) return killTree(runtimePid);
  const timer = setTimeout(() => child.kill("SIGKILL"), reapMs);
  child.once("exit", () => clearTimeout(timer));
  await killSession(commandPid, containerId);
}

function pidFile(scratch: string): string {
  return join(scratch, "pid");
}

function timedOut({ cmd, timeout }: ExecSyncRequest): DeadlineError {
  return new DeadlineError(`Command ${cmd[0]} was killed, as it did not end within ${timeout} s`);
}

function couldNotRun({ cmd }: ExecSyncRequest, stderr: Buffer): CriError {
  const last = stderr.toString("utf8").trim().split("\n").at(-1) ?? "";
  const reason = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replaceAll('\\"', '"') ?? last;
  return new CriError("unknown", `Command ${cmd[0]} could not be run: ${reason || "no reason given"}`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
