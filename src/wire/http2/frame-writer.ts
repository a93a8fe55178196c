import type { Writable } from "node:stream";
import { flags, frameTypes, headBytes } from "./protocol.js";

const slabBytes = 32 * 1024;
const nothing = Buffer.alloc(0);

/** Puts frames behind each other in one buffer, and writes all those of one turn of the event loop at once. */
export class FrameWriter {
  readonly #socket: Writable;
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  #written = 0;
  #filled = 0;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  bytes(bytes: Uint8Array): void {
    this.#slab.set(bytes, this.#room(bytes.length));
  }

  frame(type: number, frameFlags: number, streamId: number, payload: Uint8Array = nothing): void {
    const at = this.#room(headBytes + payload.length);
    const slab = this.#slab;
    slab.writeUIntBE(payload.length, at, 3);
    slab.writeUInt8(type, at + 3);
    slab.writeUInt8(frameFlags, at + 4);
    slab.writeUInt32BE(streamId, at + 5);
    slab.set(payload, at + headBytes);
  }

  /** A header block that is longer than a frame goes on in CONTINUATION frames. */
  headers(streamId: number, block: Uint8Array, maxFrameBytes: number): void {
    for (let at = 0; at === 0 || at < block.length; at += maxFrameBytes) {
      const isLast = at + maxFrameBytes >= block.length;
      const type = at === 0 ? frameTypes.headers : frameTypes.continuation;
      const part = isLast && at === 0 ? block : block.subarray(at, at + maxFrameBytes);
      this.frame(type, isLast ? flags.endHeaders : 0, streamId, part);
    }
  }

  rstStream(streamId: number, code: number): void {
    this.frame(frameTypes.rstStream, 0, streamId, word(code));
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.frame(frameTypes.windowUpdate, 0, streamId, word(bytes));
  }

  goaway(code: number, text: string): void {
    this.frame(frameTypes.goaway, 0, 0, Buffer.concat([word(0), word(code), Buffer.from(text)]));
  }

  readonly flush = (): void => {
    if (this.#written === this.#filled) return;
    const frames = this.#slab.subarray(this.#written, this.#filled);
    this.#written = this.#filled;
    if (this.#socket.writable) this.#socket.write(frames);
  };

  /** Where so many bytes can be put. */
  #room(bytes: number): number {
    if (this.#slab.length - this.#filled < bytes) {
      this.flush();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
      this.#written = 0;
      this.#filled = 0;
    }
    if (this.#written === this.#filled) process.nextTick(this.flush);
    const at = this.#filled;
    this.#filled += bytes;
    return at;
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
