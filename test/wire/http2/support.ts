import { Duplex } from "node:stream";
import { Http2Connection } from "../../../src/wire/http2/connection.js";
import type { HeaderFields } from "../../../src/wire/http2/header-fields.js";
import { encodeHeaders } from "../../../src/wire/http2/hpack/header-encoder.js";
import { frameTypes } from "../../../src/wire/http2/protocol.js";
import type { StreamEvents } from "../../../src/wire/http2/stream.js";

export const flag = { end: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The bytes of a frame. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | string = "",
): Buffer {
  const body = Buffer.from(payload as Uint8Array);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, body]);
}

export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

export function settings(...pairs: [id: number, value: number][]): Buffer {
  const payload = pairs.map(([id, value]) => Buffer.concat([Buffer.of(id >> 8, id & 0xff), words(value)]));
  return frame(frameTypes.settings, 0, 0, Buffer.concat(payload));
}

export function headers(streamId: number, fields: Record<string, string>, flags = 0): Buffer {
  return frame(frameTypes.headers, flag.endHeaders | flags, streamId, encodeHeaders(Object.entries(fields)));
}

export function data(streamId: number, payload: Uint8Array | string, flags = 0): Buffer {
  return frame(frameTypes.data, flags, streamId, payload);
}

/** A whole answer to the stream. */
export function answer(streamId: number, body = "body"): Buffer {
  const trailers = headers(streamId, { "grpc-status": "0" }, flag.end);
  return Buffer.concat([headers(streamId, { ":status": "200" }), data(streamId, body), trailers]);
}

export const windowUpdate = (streamId: number, bytes: number) =>
  frame(frameTypes.windowUpdate, 0, streamId, words(bytes));
export const goaway = (lastId: number, code: number, text = "") =>
  frame(frameTypes.goaway, 0, 0, Buffer.concat([words(lastId, code), Buffer.from(text)]));
export const rstStream = (streamId: number, code: number) =>
  frame(frameTypes.rstStream, 0, streamId, words(code));

/** What a call has heard, in order; pieces of its body are joined. */
export class Heard implements StreamEvents {
  readonly events: unknown[] = [];
  #body: Buffer | undefined;

  onResponse(fields: HeaderFields): void {
    this.#add(["response", Object.fromEntries(fields)]);
  }

  onData(chunk: Buffer): void {
    this.#body = Buffer.concat([this.#body ?? Buffer.alloc(0), chunk]);
  }

  onTrailers(fields: HeaderFields): void {
    this.#add(["trailers", Object.fromEntries(fields)]);
  }

  onClose(code: number, error: Error | undefined): void {
    this.#add(error ? ["close", code, error.message] : ["close", code]);
  }

  get bodyBytes(): number {
    return this.#body?.length ?? 0;
  }

  #add(event: unknown): void {
    if (this.#body) this.events.push(["data", this.#body.toString("latin1")]);
    this.#body = undefined;
    this.events.push(event);
  }
}

/** What a whole `answer` sounds like. */
export const wholeAnswer = [
  ["response", { ":status": "200" }],
  ["data", "body"],
  ["trailers", { "grpc-status": "0" }],
  ["close", 0],
];

/** A socket whose other end is the test: nothing of the system is between them, so every cut is as made. */
class TestSocket extends Duplex {
  isRef = true;
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(Buffer.from(chunk));
    done();
  }

  ref(): void {
    this.isRef = true;
  }

  unref(): void {
    this.isRef = false;
  }
}

/** A connection, and the peer's side of it. */
export class TestPeer {
  readonly socket = new TestSocket();
  readonly ended: (Error | undefined)[] = [];
  healthy = 0;
  readonly connection: Http2Connection;
  #seenBytes = 0;

  constructor(firstId?: number) {
    const events = {
      onSettings: () => {
        this.healthy += 1;
      },
      onClose: (error: Error | undefined) => {
        this.ended.push(error);
      },
    };
    this.connection = new Http2Connection(this.socket, events, firstId);
    this.socket.on("data", (chunk: Buffer) => {
      const bytes = Buffer.from(chunk);
      this.connection.receive(bytes);
      // What was not copied is lost.
      bytes.fill(0xee);
    });
    this.socket.unref();
  }

  /** Makes a request with this body. */
  request(body: Uint8Array | string = "request", events = new Heard()) {
    const block = encodeHeaders([[":method", "POST"]]);
    const stream = this.connection.request(block, Buffer.from(body as Uint8Array), events);
    return { stream, heard: events.events, events };
  }

  /** Sends frames, whole, and waits until they were read. */
  async send(...frames: Buffer[]): Promise<void> {
    this.socket.push(Buffer.concat(frames));
    await new Promise(setImmediate);
  }

  /** The frames that have come since the last time, the preface left out. */
  async frames(): Promise<Frame[]> {
    await new Promise(setImmediate);
    const bytes = Buffer.concat(this.socket.written);
    const frames: Frame[] = [];
    let at = Math.max(this.#seenBytes, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length);
    while (at < bytes.length) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      frames.push({
        type: bytes.readUInt8(at + 3),
        flags: bytes.readUInt8(at + 4),
        streamId: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + 9, end),
      });
      at = end;
    }
    this.#seenBytes = at;
    return frames;
  }

  /** Those frames of one type, each as `see` has it. */
  async framesOf<T>(type: keyof typeof frameTypes, see: (frame: Frame) => T): Promise<T[]> {
    const frames = await this.frames();
    return frames.filter((each) => each.type === frameTypes[type]).map(see);
  }
}

/** After the exchange of settings, which is read off. */
export async function healthyPeer(firstId?: number, ...pairs: [number, number][]): Promise<TestPeer> {
  const peer = new TestPeer(firstId);
  await peer.send(settings(...pairs));
  await peer.frames();
  return peer;
}
