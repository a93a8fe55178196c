import { Duplex, type DuplexOptions, type Writable } from "node:stream";

import type { SpdyHeaders } from "./headers.js";
import { isNodesWriter } from "./nodes-writer.js";

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** Calls back when the bytes are with the kernel, or cannot be sent. */
  sendData(streamId: number, payload: Buffer, fin: boolean, done: (error?: Error | null) => void): void;
  /** The reader of this stream wants more. */
  wanted(stream: SpdyStream): void;
  /** The stream is over on our side, reset if it was not done. */
  release(stream: SpdyStream, isDone: boolean): void;
}

/** Enough to keep a fast peer busy between two turns of the event loop. */
const highWaterMark = 256 * 1024;

/** One stream of a SPDY connection. `end()` closes our half alone; `destroy()` resets it at the peer. */
export class SpdyStream extends Duplex {
  readonly id: number;
  /** What the opener said of it. */
  readonly headers: SpdyHeaders;
  readonly #owner: StreamOwner;
  #isWhole = false;
  #keeps = false;
  /** Where it is piped to. */
  readonly #targets: NodeJS.WritableStream[] = [];

  constructor(owner: StreamOwner, id: number, headers: SpdyHeaders, { writable = true } = {}) {
    super(duplexOptions(writable));
    this.id = id;
    this.headers = headers;
    this.#owner = owner;
    // Whoever reads or writes is told; a stream that nobody looks at any more must not end the process.
    this.on("error", () => {});
    // Node asks for no more after an end, so this is all it says of what was held up before it.
    this.once("end", () => owner.wanted(this));
  }

  /** Takes what the peer has sent; false when that is enough until more is `wanted`. */
  receive(payload: Buffer): boolean {
    const writer = this.#onlyReader();
    const wantsMore = this.push(payload);
    this.#keeps = writer === undefined || this.readableLength > 0 || writer.writableLength > 0;
    return wantsMore;
  }

  /** Whether somebody may still look at the memory of what it has received last. */
  get keeps(): boolean {
    return this.#keeps;
  }

  override pipe<Target extends NodeJS.WritableStream>(target: Target, options?: { end?: boolean }): Target {
    this.#targets.push(target);
    return super.pipe(target, options);
  }

  override unpipe(target?: NodeJS.WritableStream): this {
    const first = target ? this.#targets.indexOf(target) : 0;
    if (first >= 0) this.#targets.splice(first, target ? 1 : this.#targets.length);
    return super.unpipe(target);
  }

  /** Nothing more of the peer will come: what has, can still be read. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  receiveEnd(): void {
    if (this.#isWhole || this.destroyed) return;
    this.#isWhole = true;
    this.push(null);
  }

  override _read(): void {
    this.#owner.wanted(this);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#owner.sendData(this.id, chunk, false, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#owner.sendData(this.id, Buffer.alloc(0), true, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#owner.release(this, this.readableEnded && this.writableFinished);
    done(error);
  }

  /** Who alone gets what comes, and lets go of it when it is written. */
  #onlyReader(): Writable | undefined {
    const [target, ...others] = this.#targets;
    const isAlone = others.length === 0 && this.listenerCount("data") === 1;
    return isAlone && isNodesWriter(target) ? target : undefined;
  }
}

/** Node's types do not know of `writable`, its documentation does. */
function duplexOptions(writable: boolean): DuplexOptions & { writable: boolean } {
  return { allowHalfOpen: true, readableHighWaterMark: highWaterMark, writable };
}
