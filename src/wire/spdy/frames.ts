import { WireError } from "../wire-error.js";

/** The frames of SPDY/3.1 that exec, attach and port-forward use. Header blocks are still compressed. */
export type SpdyFrame =
  | { type: "data"; streamId: number; payload: Buffer; fin: boolean }
  | { type: "syn-stream"; streamId: number; headerBlock: Buffer; fin: boolean }
  | { type: "syn-reply"; streamId: number; headerBlock: Buffer; fin: boolean }
  | { type: "headers"; streamId: number; headerBlock: Buffer; fin: boolean }
  | { type: "rst-stream"; streamId: number; status: number }
  | { type: "ping"; id: number }
  | { type: "goaway"; lastStreamId: number; status: number };

/** Why a stream was reset, as RST_STREAM says it. */
export const rstStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const;

const version = 3;
const finFlag = 0x01;
const frameTypes = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goaway: 7, headers: 8 } as const;
const headBytes = 8;
/** Control frames are held until they are whole; data is passed on as it comes. */
const maxControlBytes = 64 * 1024;
export const maxDataBytes = 0xffffff;

/**
 * Cuts a byte stream into frames. A data frame comes in as many pieces as its bytes arrived in, the last with
 * its `fin`, so that no more than one control frame is ever held. Frames of other types, which a peer may
 * send, are passed over.
 */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  /** What is left of the data frame under way. */
  #data: { streamId: number; left: number; fin: boolean } | undefined;

  /** The frames that these bytes complete. Throws `WireError`; the connection is then of no more use. */
  *read(chunk: Buffer): Generator<SpdyFrame, void, undefined> {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    for (;;) {
      if (this.#data) {
        if (bytes.length === 0) return;
        const { frame, rest } = this.#takeData(this.#data, bytes);
        bytes = rest;
        yield frame;
      } else {
        const length = bytes.length < headBytes ? headBytes : frameLength(bytes);
        if (bytes.length < length) {
          // A copy: what is held must not keep a whole chunk of the socket alive.
          this.#held = Buffer.from(bytes);
          return;
        }
        const frame = this.#takeFrame(bytes.subarray(0, length));
        bytes = bytes.subarray(length);
        if (frame) yield frame;
      }
    }
  }

  #takeData(data: { streamId: number; left: number; fin: boolean }, bytes: Buffer) {
    const { streamId } = data;
    const payload = bytes.subarray(0, data.left);
    data.left -= payload.length;
    const fin = data.fin && data.left === 0;
    if (data.left === 0) this.#data = undefined;
    const frame: SpdyFrame = { type: "data", streamId, payload, fin };
    return { frame, rest: bytes.subarray(payload.length) };
  }

  /** A frame that is whole; of a data frame only the head. */
  #takeFrame(frame: Buffer): SpdyFrame | undefined {
    const fin = (frame.readUInt8(4) & finFlag) !== 0;
    if (isControl(frame)) return readControl(frame, fin);
    const streamId = frame.readUInt32BE(0);
    const left = frame.readUIntBE(5, 3);
    if (left === 0) return { type: "data", streamId, payload: Buffer.alloc(0), fin };
    this.#data = { streamId, left, fin };
    return undefined;
  }
}

function isControl(bytes: Buffer): boolean {
  return (bytes.readUInt8(0) & 0x80) !== 0;
}

/** How many bytes must be there before the frame is looked at. */
function frameLength(bytes: Buffer): number {
  if (!isControl(bytes)) return headBytes;
  const given = bytes.readUInt16BE(0) & 0x7fff;
  if (given !== version) throw new WireError(`Expected SPDY frames of version 3, got version ${given}`);
  const length = bytes.readUIntBE(5, 3);
  if (length > maxControlBytes) {
    throw new WireError(
      `A SPDY control frame of ${length} bytes is more than the ${maxControlBytes} allowed`,
    );
  }
  return headBytes + length;
}

function readControl(frame: Buffer, fin: boolean): SpdyFrame | undefined {
  const type = frame.readUInt16BE(2);
  const body = frame.subarray(headBytes);
  const word = (index: number) => {
    if (body.length < index * 4 + 4) throw new WireError(`A SPDY frame of type ${type} is cut short`);
    return body.readUInt32BE(index * 4);
  };
  const streamId = () => word(0) & 0x7fffffff;
  const block = (offset: number) => Buffer.from(body.subarray(offset));
  switch (type) {
    case frameTypes.synStream:
      if (body.length < 10) throw new WireError("A SYN_STREAM frame is cut short");
      return { type: "syn-stream", streamId: streamId(), headerBlock: block(10), fin };
    case frameTypes.synReply:
      return { type: "syn-reply", streamId: streamId(), headerBlock: block(4), fin };
    case frameTypes.headers:
      return { type: "headers", streamId: streamId(), headerBlock: block(4), fin };
    case frameTypes.rstStream:
      return { type: "rst-stream", streamId: streamId(), status: word(1) };
    case frameTypes.ping:
      return { type: "ping", id: word(0) };
    case frameTypes.goaway:
      return { type: "goaway", lastStreamId: streamId(), status: word(1) };
    default:
      return undefined;
  }
}

/** The bytes of a frame; of a data frame at most `maxDataBytes`. */
export function writeFrame(frame: SpdyFrame): Buffer {
  const fin = "fin" in frame && frame.fin ? finFlag : 0;
  switch (frame.type) {
    case "data":
      return Buffer.concat([dataHead(frame.streamId, frame.payload.length, fin !== 0), frame.payload]);
    case "syn-stream":
      return control(frameTypes.synStream, fin, [
        words(frame.streamId, 0),
        Buffer.alloc(2),
        frame.headerBlock,
      ]);
    case "syn-reply":
      return control(frameTypes.synReply, fin, [words(frame.streamId), frame.headerBlock]);
    case "headers":
      return control(frameTypes.headers, fin, [words(frame.streamId), frame.headerBlock]);
    case "rst-stream":
      return control(frameTypes.rstStream, 0, [words(frame.streamId, frame.status)]);
    case "ping":
      return control(frameTypes.ping, 0, [words(frame.id)]);
    case "goaway":
      return control(frameTypes.goaway, 0, [words(frame.lastStreamId, frame.status)]);
  }
}

/** What goes before the payload of a data frame, so that a payload need not be copied. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(streamId & 0x7fffffff, 0);
  head.writeUInt8(fin ? finFlag : 0, 4);
  head.writeUIntBE(length, 5, 3);
  return head;
}

function control(type: number, flags: number, parts: Buffer[]): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(0x8000 | version, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(
    parts.reduce((sum, part) => sum + part.length, 0),
    5,
    3,
  );
  return Buffer.concat([head, ...parts]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
}
