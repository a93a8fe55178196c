import type { LogChunk } from "../logs/log-chunk.js";
import type { LogLine, RawLogLine } from "../logs/log-line.js";
import type { CallOptions } from "../services/call-options.js";
import type { Session } from "../sessions/session.js";
import { type CheckpointOptions, checkpointContainer } from "./checkpoint.js";
import { containerLogChunks, containerLogs } from "./container-logs.js";
import type { StatusOptions, StopOptions } from "./container-options.js";
import { type ContainerStatus, type ContainerSummary, toContainerStatus } from "./container-status.js";
import type { ApiContext } from "./context.js";
import { ignoreMissing, stopThenRemove } from "./dispose.js";
import { execCommand } from "./exec.js";
import type { ExecOptions, ExecResult } from "./exec-options.js";
import { killFirst } from "./kill-first.js";
import type { LogOptions } from "./log-options.js";
import { type ResourceUpdate, toLinuxResources } from "./resources.js";
import { type AttachOptions, attachSession, type SpawnOptions, spawnSession } from "./spawn.js";
import type { ContainerStats } from "./stats/container-stats.js";
import { readOneContainer } from "./stats/read-stats.js";
import { measure, type StatsOptions } from "./stats/stats-options.js";
import { toSeconds } from "./time.js";
import { type ContainerExit, waitForExit } from "./wait.js";

const defaultGracePeriodMs = 10_000;

/**
 * One container. The handle holds its ID and nothing else: each method asks the runtime. A method on a
 * container that is gone throws a `NotFoundError`, unless it says otherwise.
 */
export class Container {
  readonly #context: ApiContext;
  /** As the handle was made: the whole ID, or a prefix for the runtime to resolve. */
  readonly id: string;

  /** @internal */
  constructor(context: ApiContext, id: string) {
    this.#context = context;
    this.id = id;
  }

  /**
   * Starts the container, once in its life. Resolves when its process runs.
   *
   * @throws CriError when it was started before, or when its command cannot be started: it has exited then, with the
   * code 128 and the reason `StartError`.
   */
  async start(options: CallOptions = {}): Promise<void> {
    await this.#context.runtime.startContainer({ containerId: this.id }, options);
  }

  /** Sends the stop signal, kills after the grace period, and resolves when the container has ended. */
  async stop(options: StopOptions = {}): Promise<void> {
    const { gracePeriodMs = defaultGracePeriodMs, ...call } = options;
    const timeout = toSeconds(gracePeriodMs);
    await this.#context.runtime.stopContainer({ containerId: this.id, timeout }, call);
  }

  /** Kills it if it runs. Nothing happens when it is gone already. */
  async remove(options: CallOptions = {}): Promise<void> {
    await killFirst(this.#context, this.id, options);
    await ignoreMissing(this.#context.runtime.removeContainer({ containerId: this.id }, options));
  }

  /**
   * What the runtime says of the container now.
   *
   * @example
   * ```ts
   * const { state, startedAt } = await web.status();
   * console.log(state, startedAt?.toISOString());
   * ```
   */
  async status(options: StatusOptions = {}): Promise<ContainerStatus> {
    const { verbose = false, ...call } = options;
    const response = await this.#context.runtime.containerStatus({ containerId: this.id, verbose }, call);
    return toContainerStatus(this.id, response, { verbose });
  }

  /**
   * Resolves when the container has ended, also when it is not started yet. Lives through a restart of the
   * runtime. `timeoutMs` is for the whole wait; no limit unless told.
   *
   * @example
   * ```ts
   * const { exitCode, reason } = await job.wait({ timeoutMs: 60_000 });
   * ```
   */
  async wait(options: CallOptions = {}): Promise<ContainerExit> {
    return waitForExit(this.#context, this.id, options);
  }

  /**
   * Runs a command in the container and gives its output, at most 16 MiB, as text or with
   * `encoding: "buffer"` as bytes. An exit code other than 0 is a value, unless `check` is set. Aborting ends
   * the call; not every runtime ends the command with it.
   *
   * @example
   * ```ts
   * const { exitCode, stdout } = await web.exec(["id", "-u"]);
   * ```
   */
  exec(
    command: readonly string[],
    options?: ExecOptions & { encoding?: "utf8" | undefined },
  ): Promise<ExecResult>;
  exec(
    command: readonly string[],
    options: ExecOptions & { encoding: "buffer" },
  ): Promise<ExecResult<Buffer>>;
  exec(command: readonly string[], options?: ExecOptions): Promise<ExecResult<string | Buffer>>;
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<ExecResult<string | Buffer>> {
    return execCommand(this.#context, this.id, command, options);
  }

  /**
   * Starts a command in the container and gives its streams, as `child_process.spawn` does. Read both outputs.
   *
   * @throws UnavailableError when the runtime's streaming server cannot be reached.
   *
   * @example
   * ```ts
   * await using shell = await web.spawn(["sh"], { stdin: true });
   * shell.stdin.end("ls; exit 3\n");
   * for await (const chunk of shell.stdout) process.stdout.write(chunk);
   * console.log((await shell.exited).exitCode); // 3
   * ```
   */
  async spawn(command: readonly string[], options: SpawnOptions = {}): Promise<Session> {
    return spawnSession(this.#context, this.id, command, options);
  }

  /**
   * Joins the container's own process: its output from now on and, with `stdin`, its input. How the session
   * ends says nothing of how the container does: see `wait()`.
   *
   * @example
   * ```ts
   * await using session = await web.attach({ stdin: true });
   * session.stdin.write("reload\n");
   * ```
   */
  async attach(options: AttachOptions = {}): Promise<Session> {
    return attachSession(this.#context, this.id, options);
  }

  /**
   * Copies a file or a directory of this machine, with all that is in it, into a directory of the container,
   * which must be there. It keeps its name, modes and links. The container needs a tar program.
   *
   * @example
   * ```ts
   * await web.copyIn("./site", "/srv"); // there is /srv/site then
   * ```
   */
  async copyIn(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const { copyIn } = await import("./copy.js");
    await copyIn(this.#context, this.id, { from, to }, options);
  }

  /**
   * Copies a file or a directory of the container into a directory of this machine, which must be there. What
   * was copied before an error stays.
   *
   * @example
   * ```ts
   * await web.copyOut("/var/log/nginx", "./logs"); // there is ./logs/nginx then
   * ```
   */
  async copyOut(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const { copyOut } = await import("./copy.js");
    await copyOut(this.#context, this.id, { from, to }, options);
  }

  /**
   * The container's output, line by line, read from its log files: this program must run on the runtime's host
   * and may need root. It begins with what rotations have put away. With `follow` it lives through rotations and
   * a restart of the runtime, and ends when the container has ended, or with a `break`.
   *
   * @throws InvalidArgumentError that names an option which cannot be.
   * @throws CriError with `failed_precondition` when the container keeps no log, `permission_denied` when this user
   * may not read it, `data_loss` when it is in no format that is known.
   * @throws NotFoundError when the log's directory, or with `previous` the log, is not there.
   *
   * @example
   * ```ts
   * for await (const line of web.logs({ follow: true })) {
   *   console.log(line.time, line.text);
   *   if (line.text.includes("ready")) break;
   * }
   * ```
   */
  logs(options?: LogOptions & { encoding?: "utf8" | undefined }): AsyncGenerator<LogLine, void, undefined>;
  logs(options: LogOptions & { encoding: "buffer" }): AsyncGenerator<RawLogLine, void, undefined>;
  logs(options?: LogOptions): AsyncGenerator<LogLine | RawLogLine, void, undefined>;
  logs(options: LogOptions = {}): AsyncGenerator<LogLine | RawLogLine, void, undefined> {
    return containerLogs(this.#context, this.id, options);
  }

  /**
   * The same output as bytes, many lines in a piece and without their times, for who copies it on rather than looks at
   * each line: it takes three fifths of the time. The options mean what they do for `logs`.
   *
   * @throws What `logs` throws.
   *
   * @example
   * ```ts
   * for await (const { stream, bytes } of web.logChunks({ tail: 100 })) process[stream].write(bytes);
   * ```
   */
  logChunks(options: Omit<LogOptions, "encoding"> = {}): AsyncGenerator<LogChunk, void, undefined> {
    return containerLogChunks(this.#context, this.id, options);
  }

  /**
   * Changes the limits of a created or running container, at once and all or none of them. Of one that has ended
   * only its status changes.
   *
   * @throws InvalidArgumentError when a limit cannot be right.
   * @throws CriError with the code `failed_precondition`, on crikit's own runtime, when the kernel refuses one of
   * them: less memory than is in use, a core that is not there. The limits are those of before then.
   *
   * @example
   * ```ts
   * await web.updateResources({ limits: { cpu: "500m", memory: "64Mi" } });
   * await web.updateResources({ cpusetCpus: "0-1" }); // the others stay
   * ```
   */
  async updateResources(resources: ResourceUpdate, options: CallOptions = {}): Promise<void> {
    const linux = toLinuxResources(resources);
    await this.#context.runtime.updateContainerResources({ containerId: this.id, linux }, options);
  }

  /**
   * What it uses now; with `windowMs` the use of the processor is measured over that time. One that does not run uses
   * neither processor nor memory, and still has what it has written.
   *
   * @example
   * ```ts
   * const { cpu, memory, filesystem } = await web.stats({ windowMs: 1_000 });
   * console.log(cpu?.cores, memory?.workingSetBytes, memory?.percentOfLimit, filesystem?.usedBytes);
   * ```
   */
  async stats(options: StatsOptions = {}): Promise<ContainerStats> {
    return measure(`The reading of stats of container ${this.id}`, options, (rates, call) =>
      readOneContainer(this.#context, this.id, rates, call),
    );
  }

  /**
   * Writes the processes of a running container, with their memory, to an archive on the node, together with what
   * it has changed in its files and its log. It runs on. For a look at it later: `checkpointctl` reads the archive.
   *
   * @throws CriError with the code `failed_precondition` when the runtime has no criu that works on its kernel, or
   * when criu cannot write down these processes.
   * @throws UnsupportedError on a runtime without checkpoints: containerd before 2.0.
   *
   * @example
   * ```ts no-run It needs criu, which few machines have.
   * await web.checkpoint({ path: "/var/lib/checkpoints/web.tar", timeoutMs: 60_000 });
   * ```
   */
  async checkpoint(options: CheckpointOptions): Promise<void> {
    await checkpointContainer(this.#context, this.id, options);
  }

  /** Has the runtime open the log file anew, after a rotation has renamed it. */
  async reopenLog(options: CallOptions = {}): Promise<void> {
    await this.#context.runtime.reopenContainerLog({ containerId: this.id }, options);
  }
}

/** A container from a list or a watch, with what was said of it then. */
export class ListedContainer extends Container {
  /** As the list had it, in a watch with the state that an event told since. Later changes are not in it: ask `status()`. */
  readonly listed: ContainerSummary;

  /** @internal */
  constructor(context: ApiContext, listed: ContainerSummary) {
    super(context, listed.id);
    this.listed = listed;
  }
}

/** A container that this handle has made. Disposing of it kills and removes it, without a grace period. */
export class OwnedContainer extends Container implements AsyncDisposable {
  /** Kills and removes it. Nothing happens when it is gone already. */
  async [Symbol.asyncDispose](): Promise<void> {
    await stopThenRemove(
      () => this.stop({ gracePeriodMs: 0 }),
      () => this.remove(),
    );
  }
}
