import { open } from "node:fs/promises";
import { endProcess } from "./end-process.js";
import { type Reaper, spawnReaper } from "./reaper.js";
import { whenServing } from "./when-serving.js";

export interface RuntimeProcessOptions {
  /** For Node: the daemon's program and its flags. */
  readonly args: readonly string[];
  /** The runtime's private directory: a reaper waits for the end of that. */
  readonly directory: string;
  /** The file that the daemon's standard error is added to. */
  readonly logPath: string;
}

export interface StartOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The daemon of a private runtime, one after another, and the reapers that its containers' monitors have. */
export class RuntimeProcess {
  readonly #options: RuntimeProcessOptions;
  readonly #reapers: Reaper[] = [];
  #pid: number | undefined;

  constructor(options: RuntimeProcessOptions) {
    this.#options = options;
  }

  /** The last daemon's. */
  get pid(): number {
    return this.#pid ?? 0;
  }

  /** Starts a daemon and waits until it serves. Throws with the last words of its log when it does not. */
  async start(options: StartOptions): Promise<void> {
    options.signal?.throwIfAborted();
    const { args, directory, logPath } = this.#options;
    const log = await open(logPath, "a");
    const reaper = spawnReaper([process.execPath, ...args], { directory, stderr: log.fd });
    this.#reapers.push(reaper);
    await log.close();
    const { pid, serving } = whenServing(reaper, { ...options, logPath });
    try {
      await serving;
    } catch (error) {
      this.#pid = await pid;
      await this.stop("SIGKILL");
      throw error;
    }
    this.#pid = await pid;
  }

  /** Ends the daemon and waits until it is gone. Its containers stay, and the reaper for them. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.#pid !== undefined) await endProcess(this.#pid, signal);
  }

  /** Lets the reapers go, when the directory is gone and nothing left to reap. */
  async release(): Promise<void> {
    await Promise.all(this.#reapers.map((reaper) => reaper.close()));
  }
}
