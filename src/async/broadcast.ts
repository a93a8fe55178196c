import { type Deferred, deferred } from "./deferred.js";

export interface BroadcastOptions {
  /** So many items may wait for one subscriber. */
  limit: number;
  /** What a subscriber gets in place of the items that waited, when there are more. */
  tooSlow(): Error;
}

/** Items for all who have subscribed. A slow subscriber is cut off, and holds up nobody. */
export class Broadcast<T> {
  readonly #options: BroadcastOptions;
  readonly #subscribers = new Set<Subscriber<T>>();
  #closed: { reason: unknown } | undefined;

  constructor(options: BroadcastOptions) {
    this.#options = options;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  publish(item: T): void {
    const { limit, tooSlow } = this.#options;
    for (const subscriber of this.#subscribers) {
      if (subscriber.waiting < limit) subscriber.push(item);
      else subscriber.end(tooSlow());
    }
  }

  /**
   * What is published from this call on, until the reader leaves the loop. The signal ends it at once, with its own
   * reason.
   */
  subscribe(signal?: AbortSignal): AsyncGenerator<T, void> {
    const onAbort = () => subscriber.end(signal?.reason);
    const subscriber = new Subscriber<T>(() => {
      this.#subscribers.delete(subscriber);
      signal?.removeEventListener("abort", onAbort);
    });
    this.#subscribers.add(subscriber);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (this.#closed) subscriber.end(this.#closed.reason);
    else if (signal?.aborted) onAbort();
    return subscriber.read();
  }

  /** Ends every subscription with this reason, later ones too. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const subscriber of this.#subscribers) subscriber.end(reason);
  }
}

class Subscriber<T> {
  readonly #leave: () => void;
  #items: T[] = [];
  #wake: Deferred<void> | undefined;
  #failure: { reason: unknown } | undefined;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  get waiting(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.resolve();
  }

  /** What waits is dropped: the reader gets the reason next. */
  end(reason: unknown): void {
    this.#failure ??= { reason };
    this.#items = [];
    this.#leave();
    this.#wake?.resolve();
  }

  async *read(): AsyncGenerator<T, void> {
    try {
      for (;;) {
        if (this.#failure) throw this.#failure.reason;
        const item = this.#items.shift();
        if (item !== undefined) yield item;
        else {
          this.#wake = deferred();
          await this.#wake.promise;
        }
      }
    } finally {
      this.#leave();
    }
  }
}
