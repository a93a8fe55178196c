const firstDelayMs = 200;
const longestDelayMs = 30_000;

/**
 * Keys that need work. A key that is added again while it waits is worked on once, one that is added while it is
 * worked on once more afterwards; what fails is tried again, later each time.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #work: (key: string) => Promise<void>;
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #working = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  #isClosed = false;

  constructor(work: (key: string) => Promise<void>) {
    this.#work = work;
  }

  add(key: string): void {
    if (this.#working.has(key)) this.#again.add(key);
    else this.#workIn(key, 0);
  }

  #workIn(key: string, delayMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#waiting.get(key));
    const start = () => {
      this.#waiting.delete(key);
      this.#working.set(key, this.#workOn(key));
    };
    this.#waiting.set(key, setTimeout(start, delayMs));
  }

  async #workOn(key: string): Promise<void> {
    let delayMs: number | undefined;
    try {
      await this.#work(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      delayMs = Math.min(firstDelayMs * 2 ** failures, longestDelayMs);
      if (!this.#isClosed) console.error(`${key}: ${messageOf(error)}; again in ${delayMs} ms`);
    }
    this.#working.delete(key);
    if (this.#again.delete(key)) this.#workIn(key, 0);
    else if (delayMs !== undefined) this.#workIn(key, delayMs);
  }

  /** Nothing more is begun; resolves when what was begun has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    await Promise.all(this.#working.values());
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
