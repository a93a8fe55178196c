/** How long a container that keeps ending waits before it is started again, in milliseconds. */
export interface RestartBackoffOptions {
  /** The wait before the second restart, as the first is at once; 10,000 by default. Each is twice the one before. */
  readonly initialMs?: number | undefined;
  /** No wait is longer; 300,000 by default. */
  readonly maxMs?: number | undefined;
  /** A container that ran for so long begins anew; 600,000 by default. */
  readonly resetAfterMs?: number | undefined;
}

/** kubelet's waits between the restarts of one container. */
export class RestartBackoff {
  readonly #options: { initialMs: number; maxMs: number; resetAfterMs: number };
  #nextMs = 0;

  constructor({ initialMs = 10_000, maxMs = 300_000, resetAfterMs = 600_000 }: RestartBackoffOptions = {}) {
    this.#options = { initialMs, maxMs, resetAfterMs };
  }

  /** The wait after a run of this length. */
  next(ranMs: number): number {
    const { initialMs, maxMs, resetAfterMs } = this.#options;
    if (ranMs >= resetAfterMs) this.#nextMs = 0;
    const delay = this.#nextMs;
    this.#nextMs = Math.min(delay === 0 ? initialMs : delay * 2, maxMs);
    return delay;
  }
}
