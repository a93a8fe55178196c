import { abortable } from "./abort.js";

interface Running<T> {
  result: Promise<T>;
  /** How many still want the result. */
  callers: number;
  ended: boolean;
  abort(reason: unknown): void;
}

/**
 * Joins callers who want the same at the same time: it is done once, for all of them. One caller's abort ends
 * only that caller's wait; the last one's ends the work, and waits until the work has cleaned up.
 */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  async run(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, work);
    running.callers++;
    try {
      return await abortable(running.result, signal);
    } finally {
      running.callers--;
      if (running.callers === 0 && !running.ended) {
        this.#forget(key, running);
        running.abort(signal?.reason);
        await running.result.catch(() => {});
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const running: Running<T> = {
      result: work(controller.signal).finally(() => {
        running.ended = true;
        this.#forget(key, running);
      }),
      callers: 0,
      ended: false,
      abort: (reason) => controller.abort(reason),
    };
    this.#running.set(key, running);
    return running;
  }

  /** From now on a caller begins anew. */
  #forget(key: string, running: Running<T>): void {
    if (this.#running.get(key) === running) this.#running.delete(key);
  }
}
