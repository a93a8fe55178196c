import type { ChildProcess } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { sleep } from "../../async/abort.js";
import { CriError, InvalidArgumentError } from "../../errors.js";
import { isAlive, killTree, waitUntilReaped } from "../adapters/process.js";
import { killSession } from "../adapters/session.js";
import type { RuntimeDeps } from "../deps.js";
import { requireHandler } from "../lifecycle/oci-container.js";
import type { OciProcess } from "../oci.js";
import { required } from "../required.js";
import { execProcess } from "../spec/exec-process.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import { requireById } from "../state/ids.js";

/** Longer than an OCI runtime needs on the busiest machine: one that hangs is given up. */
const reapMs = 5000;
/** What it may still pass on once the command has ended. */
const lingerMs = 1000;
const pollMs = 5;

/** A command that is to be run in a container. */
export interface CommandRequest {
  readonly containerId: string;
  readonly command: readonly string[];
  /** On a terminal, which is then both outputs of the OCI runtime's. */
  readonly tty: boolean;
}

/** Throws when there is no such container or it does not run, and when the command is empty. */
export function requireRunning(
  { containers }: RuntimeDeps,
  { containerId, command }: Pick<CommandRequest, "containerId" | "command">,
): ContainerRecord {
  const record = requireById(containers, required(containerId, "container_id"), "container");
  if (command.length === 0) throw new InvalidArgumentError("cmd is empty", { field: "cmd" });
  const state = containerState(record);
  if (state === "running") return record;
  throw new CriError("failed_precondition", `Container ${record.id} is ${state}, not running`);
}

/** A command in a container, by the OCI runtime that runs it. */
export class Command {
  readonly #container: ContainerRecord;
  readonly #pidFile: string;
  /** The OCI runtime: its pipes are the command's, and it ends with the command's exit code. */
  readonly child: ChildProcess;

  constructor(container: ContainerRecord, pidFile: string, child: ChildProcess) {
    this.#container = container;
    this.#pidFile = pidFile;
    this.child = child;
  }

  /** Whether it runs, or has run: otherwise what the OCI runtime prints is its own reason. */
  hasStarted(): Promise<boolean> {
    return access(this.#pidFile).then(
      () => true,
      () => false,
    );
  }

  /** Waits until it runs, or cannot be run. */
  async whenStarted(signal?: AbortSignal): Promise<void> {
    while (!this.#hasEnded() && !(await this.hasStarted())) await sleep(pollMs, signal);
  }

  /** The host's pid of the command; undefined until it runs. */
  async pid(): Promise<number | undefined> {
    const pid = Number(await readFile(this.#pidFile, "utf8").catch(() => ""));
    return pid > 0 ? pid : undefined;
  }

  /**
   * Kills the command with its descendants and waits until the OCI runtime has reaped it: an orphan would be for the
   * container's first process to reap, which may not, and the container's next command is to see nothing of it.
   */
  async kill(): Promise<void> {
    const { child } = this;
    if (child.pid === undefined) return;
    const limit = AbortSignal.timeout(reapMs);
    // Killed while it starts the command, the OCI runtime would leave an orphan.
    await this.whenStarted(limit).catch(() => undefined);
    if (this.#hasEnded()) return;
    const pid = await this.pid();
    if (pid === undefined) return killTree(child.pid);
    const hasKilled = await killSession(pid, this.#container.id);
    // gVisor's pids are its own: to the host this one is a stranger's.
    if (hasKilled) await waitUntilReaped(pid, limit).catch(() => undefined);
    const timer = setTimeout(() => child.kill("SIGKILL"), lingerMs);
    child.once("exit", () => clearTimeout(timer));
    if (this.#hasEnded()) clearTimeout(timer);
  }

  /** The error of a command that could not be run, from the OCI runtime's last words. */
  async couldNotRun(words: readonly string[], output: string): Promise<CriError> {
    const { id, init } = this.#container;
    // It may have ended since this was asked for, and nobody has noticed yet.
    if (init && !(await isAlive(init))) {
      return new CriError("failed_precondition", `Container ${id} has ended: ${words[0]} was not run`);
    }
    return new CriError("unknown", `Command ${words[0]} could not be run: ${reasonIn(output)}`);
  }

  #hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** Starts a command in a running container and removes its files when the work with it is done. */
export async function withCommand<T>(
  deps: RuntimeDeps,
  request: CommandRequest,
  work: (command: Command) => Promise<T>,
): Promise<T> {
  const container = requireRunning(deps, request);
  const { id, sandboxId } = container;
  const { directory } = deps.paths.container(id);
  const handler = requireHandler(deps, deps.sandboxes.get(sandboxId)?.handler ?? "");
  const scratch = await mkdtemp(join(directory, "exec-"));
  try {
    const spec: { process: OciProcess } = JSON.parse(await readFile(join(directory, "config.json"), "utf8"));
    const pidFile = join(scratch, "pid");
    const process = execProcess(spec.process, request.command, request.tty);
    const child = await handler.runc.exec(id, process, {
      processFile: join(scratch, "process.json"),
      pidFile,
    });
    return await work(new Command(container, pidFile, child));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What the OCI runtime's last words say of a command that it could not run. */
function reasonIn(output: string): string {
  const last = output.trim().split("\n").at(-1)?.trim() ?? "";
  const quoted = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replaceAll('\\"', '"');
  // To a terminal it speaks in colours, with the level and a counter before the reason.
  const plain = last.replace(/^.*?\[\d{4}\]\s*/, "");
  return quoted ?? (plain || "no reason given");
}
