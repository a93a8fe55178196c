import type { OnReadOpts } from "node:net";

/** What is taken from the system at a time, and how much of it one read must find free. */
const blockBytes = 256 * 1024;
const leastBytes = 64 * 1024;

/**
 * The memory that a socket is read into. What a read has brought is its reader's, and the next one goes behind it,
 * unless the reader says that nobody looks at it any more: memory that is in the processor's caches, and that V8 has no
 * account to keep of, is half of the work.
 */
export class ReadMemory {
  #block = Buffer.alloc(0);
  #start = 0;
  /** Bytes of the last read that are its reader's. */
  #given = 0;

  /** Nobody will look at what the read under way has brought. */
  reuse(): void {
    this.#given = 0;
  }

  /** How a socket is told. What a read brings is given to `onBytes`. */
  reads(onBytes: (bytes: Buffer) => boolean): OnReadOpts {
    return {
      buffer: () => this.#next(),
      callback: (length) => {
        this.#given = length;
        return onBytes(this.#block.subarray(this.#start, this.#start + length));
      },
    };
  }

  #next(): Buffer {
    this.#start += this.#given;
    this.#given = 0;
    if (this.#block.length - this.#start < leastBytes) {
      this.#block = Buffer.allocUnsafeSlow(blockBytes);
      this.#start = 0;
    }
    return this.#start === 0 ? this.#block : this.#block.subarray(this.#start);
  }
}
