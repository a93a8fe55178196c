export interface BackoffOptions {
  /** The first delay in milliseconds. */
  minMs: number;
  /** No delay is longer than this. */
  maxMs: number;
  /** What each delay is multiplied by; 2 unless told. */
  factor?: number;
}

/** Growing delays. `next()` gives one and grows; `reset()` starts over after a success. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #nextMs: number;

  constructor(options: BackoffOptions) {
    this.#options = { factor: 2, ...options };
    this.#nextMs = options.minMs;
  }

  next(): number {
    const delay = this.#nextMs;
    this.#nextMs = Math.min(delay * this.#options.factor, this.#options.maxMs);
    return delay;
  }

  reset(): void {
    this.#nextMs = this.#options.minMs;
  }
}
