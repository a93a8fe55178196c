import { WireError } from "../wire-error.js";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What a WebSocket frame brings. */
export type WebSocketEvent =
  /** A piece of a message: the whole of it, or as much as has arrived. */
  | { type: "data"; isText: boolean; payload: Buffer; isFirst: boolean; isLast: boolean }
  | { type: "ping"; payload: Buffer }
  | { type: "pong"; payload: Buffer }
  | { type: "close"; code: number; reason: string };

export interface WebSocketReaderOptions {
  /** Clients mask what they send and servers do not: whoever does it wrong is refused. */
  isMasked: boolean;
}

/** RFC 6455: what a close frame without a code counts as. */
export const noStatusCode = 1005;
const maxControlBytes = 125;

interface Head {
  isFinal: boolean;
  opcode: number;
  length: number;
  mask: Buffer | undefined;
  bytes: number;
}

interface Message {
  isText: boolean;
  isFirst: boolean;
}

/**
 * Cuts a byte stream into WebSocket messages. A message comes in as many pieces as its bytes arrived in, so
 * that its length needs no limit and no more than one control frame is ever held. No extensions are known.
 */
export class WebSocketReader {
  readonly #options: WebSocketReaderOptions;
  #held: Buffer = Buffer.alloc(0);
  /** The data frame under way, and how much of it has been read. */
  #frame: (Head & { taken: number }) | undefined;
  /** The message under way: one whose last frame has not come. */
  #message: Message | undefined;

  constructor(options: WebSocketReaderOptions) {
    this.#options = options;
  }

  /** What these bytes complete. Throws `WireError`; the connection is then of no more use. */
  *read(chunk: Buffer): Generator<WebSocketEvent, void, undefined> {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    for (;;) {
      if (this.#frame) {
        if (bytes.length === 0) return;
        const payload = bytes.subarray(0, this.#frame.length - this.#frame.taken);
        bytes = bytes.subarray(payload.length);
        yield this.#piece(this.#frame, payload);
        continue;
      }
      const head = readHead(bytes);
      const isControl = head !== undefined && head.opcode >= opcodes.close;
      if (!head || (isControl && bytes.length < head.bytes + head.length)) {
        // A copy: what is held must not keep a whole chunk of the socket alive.
        this.#held = Buffer.from(bytes);
        return;
      }
      this.#check(head);
      bytes = bytes.subarray(head.bytes);
      if (isControl) {
        yield readControl(head, bytes.subarray(0, head.length));
        bytes = bytes.subarray(head.length);
      } else {
        if (head.opcode !== opcodes.continuation) {
          this.#message = { isText: head.opcode === opcodes.text, isFirst: true };
        }
        if (head.length > 0) this.#frame = { ...head, taken: 0 };
        else if (head.isFinal) yield this.#piece({ ...head, taken: 0 }, Buffer.alloc(0));
      }
    }
  }

  #piece(frame: Head & { taken: number }, bytes: Buffer): WebSocketEvent {
    const message = this.#message ?? { isText: false, isFirst: true };
    const payload = frame.mask ? unmask(bytes, frame.mask, frame.taken) : bytes;
    frame.taken += bytes.length;
    const isFrameDone = frame.taken === frame.length;
    const isLast = isFrameDone && frame.isFinal;
    const { isText, isFirst } = message;
    this.#frame = isFrameDone ? undefined : frame;
    this.#message = isLast ? undefined : { isText, isFirst: false };
    return { type: "data", isText, payload, isFirst, isLast };
  }

  #check({ mask, opcode, isFinal, length }: Head): void {
    if ((mask !== undefined) !== this.#options.isMasked) {
      throw new WireError(`A WebSocket frame is ${mask ? "" : "not "}masked against the rule for its sender`);
    }
    if (opcode >= opcodes.close) {
      if (opcode > opcodes.pong) throw new WireError(`Unknown WebSocket frame of type ${opcode}`);
      if (!isFinal || length > maxControlBytes) throw new WireError("A WebSocket control frame is too long");
    } else if (opcode > opcodes.binary) {
      throw new WireError(`Unknown WebSocket frame of type ${opcode}`);
    } else if ((opcode === opcodes.continuation) !== (this.#message !== undefined)) {
      throw new WireError("A WebSocket message begins within another, or goes on without a beginning");
    }
  }
}

/** Undefined when more bytes are needed. */
function readHead(bytes: Buffer): Head | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)];
  if ((first & 0x70) !== 0) throw new WireError("A WebSocket frame uses an extension that was not agreed on");
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const isMasked = (second & 0x80) !== 0;
  const headBytes = 2 + lengthBytes + (isMasked ? 4 : 0);
  if (bytes.length < headBytes) return undefined;
  return {
    isFinal: (first & 0x80) !== 0,
    opcode: first & 0x0f,
    length: lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : longLength(bytes),
    mask: isMasked ? Buffer.from(bytes.subarray(headBytes - 4, headBytes)) : undefined,
    bytes: headBytes,
  };
}

function longLength(bytes: Buffer): number {
  const length = bytes.readBigUInt64BE(2);
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new WireError("A WebSocket frame is too long");
  return Number(length);
}

function readControl(head: Head, bytes: Buffer): WebSocketEvent {
  const payload = head.mask ? unmask(bytes, head.mask, 0) : Buffer.from(bytes);
  if (head.opcode === opcodes.ping) return { type: "ping", payload };
  if (head.opcode === opcodes.pong) return { type: "pong", payload };
  if (payload.length === 1) throw new WireError("A WebSocket close frame is cut short");
  const code = payload.length === 0 ? noStatusCode : payload.readUInt16BE(0);
  return { type: "close", code, reason: payload.toString("utf8", 2) };
}

/** Applies the mask, which is also how it is taken off; `offset` is how much of the frame came before. */
function unmask(bytes: Buffer, mask: Buffer, offset: number): Buffer {
  const plain = Buffer.allocUnsafe(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) {
    plain[index] = (bytes[index] ?? 0) ^ (mask[(offset + index) & 3] ?? 0);
  }
  return plain;
}

/** A whole message in one frame, or a control frame. A client gives the mask: four random bytes. */
export function writeWebSocketFrame(opcode: number, payload: Buffer, mask?: Buffer): Buffer[] {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const head = Buffer.alloc(2 + lengthBytes);
  head.writeUInt8(0x80 | opcode, 0);
  const short = lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127;
  head.writeUInt8((mask ? 0x80 : 0) | short, 1);
  if (lengthBytes === 2) head.writeUInt16BE(length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return mask ? [head, mask, unmask(payload, mask, 0)] : [head, payload];
}

export function closePayload(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason).subarray(0, maxControlBytes - 2)]);
}
