import { Http2Error } from "./http2-error.js";
import { defaultMaxFrameBytes, flags, frameTypes, headBytes } from "./protocol.js";

export interface FrameSink {
  /** A whole frame of any type but DATA. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
  /** A piece of a DATA frame. Its padding counts for flow control, too, and for nothing else. */
  onData(streamId: number, piece: Buffer, flowBytes: number, isEnd: boolean): void;
}

interface DataFrame {
  readonly streamId: number;
  readonly isEnd: boolean;
  payloadLeft: number;
  paddingLeft: number;
}

const nothing = Buffer.alloc(0);

/**
 * Cuts the bytes of a connection into frames, in place. DATA is handed on in the pieces in which it comes, so that
 * nothing of it is copied here; no more than one other frame is ever held.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #held: Buffer = nothing;
  #data: DataFrame | undefined;
  #isFirst = true;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Throws `Http2Error`; the connection is then of no more use. */
  push(chunk: Buffer): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = nothing;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#data ? this.#readData(this.#data, bytes, at) : this.#readFrame(bytes, at);
      if (next === at) {
        // A copy: what is held must not keep a whole chunk of the socket alive.
        this.#held = Buffer.from(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** Gives where the next frame begins, or `at` again when this one is not whole. */
  #readFrame(bytes: Buffer, at: number): number {
    if (bytes.length - at < headBytes) return at;
    const length = bytes.readUIntBE(at, 3);
    const type = bytes.readUInt8(at + 3);
    const frameFlags = bytes.readUInt8(at + 4);
    const streamId = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    if (this.#isFirst) requireSettings(type, frameFlags);
    if (length > defaultMaxFrameBytes) {
      throw new Http2Error("FRAME_SIZE_ERROR", `A frame of ${length} bytes is longer than was agreed on`);
    }
    const body = at + headBytes;
    if (type === frameTypes.data) return this.#beginData(bytes, at, length, frameFlags, streamId);
    if (bytes.length - body < length) return at;
    this.#isFirst = false;
    this.#sink.onFrame(type, frameFlags, streamId, bytes.subarray(body, body + length));
    return body + length;
  }

  #beginData(bytes: Buffer, at: number, length: number, frameFlags: number, streamId: number): number {
    const isEnd = (frameFlags & flags.endStream) !== 0;
    const body = at + headBytes;
    if ((frameFlags & flags.padded) === 0) {
      return this.#readData({ streamId, isEnd, payloadLeft: length, paddingLeft: 0 }, bytes, body);
    }
    if (bytes.length === body) return at;
    const paddingLeft = bytes.readUInt8(body);
    if (paddingLeft >= length) throw new Http2Error("PROTOCOL_ERROR", "A frame is all padding");
    // The byte that tells the length of the padding counts as padding.
    this.#sink.onData(streamId, nothing, 1, false);
    const payloadLeft = length - 1 - paddingLeft;
    return this.#readData({ streamId, isEnd, payloadLeft, paddingLeft }, bytes, body + 1);
  }

  #readData(data: DataFrame, bytes: Buffer, at: number): number {
    const piece = bytes.subarray(at, at + data.payloadLeft);
    const padding = Math.min(data.paddingLeft, bytes.length - at - piece.length);
    data.payloadLeft -= piece.length;
    data.paddingLeft -= padding;
    const isWhole = data.payloadLeft + data.paddingLeft === 0;
    this.#data = isWhole ? undefined : data;
    this.#sink.onData(data.streamId, piece, piece.length + padding, isWhole && data.isEnd);
    return at + piece.length + padding;
  }
}

function requireSettings(type: number, frameFlags: number): void {
  if (type === frameTypes.settings && (frameFlags & flags.ack) === 0) return;
  throw new Http2Error("PROTOCOL_ERROR", "What listens there does not speak HTTP/2");
}
