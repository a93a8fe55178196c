import { setMaxListeners } from "node:events";
import type { CriClient } from "../../api/client.js";
import { isPassing } from "../../api/passing.js";
import type { ContainerExit } from "../../api/wait.js";
import type { WatchEvent } from "../../api/watch.js";
import { abortable, sleep } from "../../async/abort.js";
import { Backoff } from "../../async/backoff.js";
import { type Deferred, deferred } from "../../async/deferred.js";
import { CriError, NotFoundError } from "../../errors.js";

/** How long to wait before a runtime that restarts is asked again. */
const unclearMs = 300;

/** Learns of the ends of containers and sandboxes by one watch of the runtime. */
export class Exits {
  readonly #cri: CriClient;
  readonly #left = new AbortController();
  readonly #waiting = new Map<string, Deferred<void>>();

  constructor(cri: CriClient) {
    this.#cri = cri;
    setMaxListeners(0, this.#left.signal);
    void this.#watch();
  }

  /** How the container has ended, once it has. One that somebody has removed counts as killed. */
  async ofContainer(id: string, signal: AbortSignal): Promise<ContainerExit> {
    for (;;) {
      const changed = this.#changeOf(id);
      const exit = await this.#look(id, signal);
      if (exit === "unclear") await sleep(unclearMs, signal);
      else if (exit) return exit;
      else await abortable(changed, signal);
    }
  }

  /** Resolves when the sandbox is not ready any more, or gone. */
  async ofSandbox(id: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const changed = this.#changeOf(id);
      if (await this.isSandboxLost(id, signal)) return;
      await abortable(changed, signal);
    }
  }

  /** Whether the sandbox is not ready, or gone, by now. */
  async isSandboxLost(id: string, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const state = await passing(this.#cri.pods.get(id).status({ signal }), signal);
      if (state !== "unclear") return state === "missing" || state.state === "notready";
      await sleep(unclearMs, signal);
    }
  }

  close(): void {
    this.#left.abort();
  }

  #changeOf(id: string): Promise<void> {
    const waiting = this.#waiting.get(id) ?? deferred<void>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  async #look(id: string, signal: AbortSignal): Promise<ContainerExit | "unclear" | undefined> {
    const status = await passing(this.#cri.containers.get(id).status({ signal }), signal);
    if (status === "unclear") return status;
    if (status === "missing") {
      return {
        exitCode: 137,
        reason: "ContainerStatusUnknown",
        message: "The container is gone, and nobody knows how it has ended",
        finishedAt: new Date(),
      };
    }
    if (status.state !== "exited") return undefined;
    const { exitCode = 0, reason, message, finishedAt } = status;
    return { exitCode, reason, message, finishedAt };
  }

  /** A watch that has ended by an error is begun anew, and all who wait look for themselves. */
  async #watch(): Promise<void> {
    const { signal } = this.#left;
    const backoff = new Backoff({ minMs: 100, maxMs: 5_000 });
    while (!signal.aborted) {
      try {
        for await (const change of this.#cri.watch({ signal })) {
          backoff.reset();
          this.#take(change);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CriError && error.code === "closed") return this.#tellAll();
      }
      await sleep(backoff.next(), signal).catch(() => {});
      this.#tellAll();
    }
  }

  #take(change: WatchEvent): void {
    if (change.type === "synced") this.#tellAll();
    else this.#tell(change.object.id);
  }

  #tell(id: string): void {
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  #tellAll(): void {
    for (const id of [...this.#waiting.keys()]) this.#tell(id);
  }
}

/** The answer; or that there is none to be had now, from a runtime that restarts. */
async function passing<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | "missing" | "unclear"> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NotFoundError) return "missing";
    if (isPassing(error)) return "unclear";
    throw error;
  }
}
