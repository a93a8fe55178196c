type Batches<T> = AsyncGenerator<readonly T[], void>;

/**
 * The items of batches, one by one, each told to `onItem`. An async generator that does the same takes three times as
 * long for each item; as with one, calls wait for each other.
 */
export function oneByOne<T>(
  batches: Batches<T>,
  onItem: (item: T) => void = () => {},
): AsyncGenerator<T, void, undefined> {
  return new OneByOne(batches, onItem);
}

class OneByOne<T> implements AsyncGenerator<T, void, undefined> {
  readonly #batches: Batches<T>;
  readonly #onItem: (item: T) => void;
  #batch: readonly T[] = [];
  #at = 0;
  /** Calls that have not resolved, and when the last of them will. */
  #calls = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(batches: Batches<T>, onItem: (item: T) => void) {
    this.#batches = batches;
    this.#onItem = onItem;
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#calls === 0 && this.#at < this.#batch.length) return Promise.resolve(this.#take());
    return this.#afterOthers(async () => {
      while (this.#at === this.#batch.length) {
        const { value, done } = await this.#batches.next();
        if (done) return { value, done };
        this.#goTo(value);
      }
      return this.#take();
    });
  }

  return(): Promise<IteratorResult<T, void>> {
    return this.#end(() => this.#batches.return());
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    return this.#end(() => this.#batches.throw(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): IteratorYieldResult<T> {
    const value = this.#batch[this.#at] as T;
    this.#at += 1;
    this.#onItem(value);
    return { value, done: false };
  }

  #goTo(batch: readonly T[]): void {
    this.#batch = batch;
    this.#at = 0;
  }

  #end(end: () => Promise<IteratorResult<unknown, void>>): Promise<IteratorResult<T, void>> {
    return this.#afterOthers(async () => {
      this.#goTo([]);
      await end();
      return { value: undefined, done: true };
    });
  }

  #afterOthers<R>(work: () => Promise<R>): Promise<R> {
    this.#calls += 1;
    const result = this.#last.then(work).finally(() => {
      this.#calls -= 1;
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
