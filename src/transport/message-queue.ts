import { type Deferred, deferred } from "../async/deferred.js";

/** So many bytes, or messages, may wait for a slow reader before the source is paused. */
const fullBytes = 256 * 1024;
const fullMessages = 64;

interface QueueSource {
  onFull(): void;
  /** Nothing waits any more, after `onFull`. */
  onDrained(): void;
  /** The reader has gone. */
  onReturn(): void;
}

/** Messages pushed by a call and pulled by one reader. */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #source: QueueSource;
  #waiting: T[] = [];
  #nextWaiting = 0;
  #waitingBytes = 0;
  #isFull = false;
  #readers: Deferred<IteratorResult<T>>[] = [];
  #end: { error: Error | undefined } | undefined;

  constructor(source: QueueSource) {
    this.#source = source;
  }

  push(message: T, sizeBytes: number): void {
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ done: false, value: message });
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += sizeBytes;
    if (this.#isFull || (this.#waitingBytes < fullBytes && this.#waiting.length < fullMessages)) return;
    this.#isFull = true;
    this.#source.onFull();
  }

  /** The reader gets what waits, then the error or the end. */
  end(error: Error | undefined): void {
    this.#end ??= { error };
    for (const reader of this.#readers.splice(0)) {
      if (error) reader.reject(error);
      else reader.resolve({ done: true, value: undefined });
    }
  }

  /** Forgets what waits: the reader gets the error or the end next. */
  discard(): void {
    this.#waiting = [];
    this.#nextWaiting = 0;
    this.#waitingBytes = 0;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#nextWaiting < this.#waiting.length) return { done: false, value: this.#take() };
    if (!this.#end) {
      const reader = deferred<IteratorResult<T>>();
      this.#readers.push(reader);
      return reader.promise;
    }
    const { error } = this.#end;
    this.#end = { error: undefined };
    if (error) throw error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T>> {
    this.end(undefined);
    this.discard();
    this.#source.onReturn();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): T {
    const message = this.#waiting[this.#nextWaiting++] as T;
    if (this.#nextWaiting === this.#waiting.length) {
      this.discard();
      if (this.#isFull) {
        this.#isFull = false;
        this.#source.onDrained();
      }
    }
    return message;
  }
}
