import { setTimeout as sleep } from "node:timers/promises";

/** The calls under way, which may have to clean up although their clients have gone. */
export class Calls {
  readonly #running = new Set<Promise<unknown>>();

  track<T>(call: Promise<T>): Promise<T> {
    const ended: Promise<unknown> = call.then(
      () => this.#running.delete(ended),
      () => this.#running.delete(ended),
    );
    this.#running.add(ended);
    return call;
  }

  /** Waits for them, but no longer than this. */
  async end(timeoutMs: number): Promise<void> {
    const timer = new AbortController();
    const timeout = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([Promise.all(this.#running), timeout]);
    timer.abort();
  }
}
