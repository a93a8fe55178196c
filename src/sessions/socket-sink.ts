import type { Socket } from "node:net";

const nothing = Buffer.alloc(0);

/**
 * Writes to a socket what was read of a source, whose memory may be reused for the next read: so that one waits until
 * the kernel has what the last one brought. What one read brings is one write.
 */
export class SocketSink {
  readonly #socket: Socket;
  readonly #source: Socket;
  #isCorked = false;

  constructor(socket: Socket, source: Socket) {
    this.#socket = socket;
    this.#source = source;
  }

  /** Takes a piece of what was read. `flush()` must follow before the source reads again. */
  write(payload: Buffer): boolean {
    if (!this.#isCorked) this.#socket.cork();
    this.#isCorked = true;
    this.#socket.write(payload);
    return true;
  }

  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
    if (this.#socket.writableLength === 0) return;
    this.#source.pause();
    // It is written when all before it is.
    this.#socket.write(nothing, () => this.#source.resume());
  }
}
