/** Every gRPC message is sent behind one byte (1: compressed) and its length in four, high byte first. */
const prefixBytes = 5;

/** Puts the prefix before a message. */
export function encodeEnvelope(message: Uint8Array): Uint8Array {
  const envelope = Buffer.allocUnsafe(prefixBytes + message.byteLength);
  envelope[0] = 0;
  envelope.writeUInt32BE(message.byteLength, 1);
  envelope.set(message, prefixBytes);
  return envelope;
}

/** Where an {@link EnvelopeReader} puts what it finds. */
export interface EnvelopeSink {
  onMessage(message: Uint8Array): void;
  /** The announced length is above the limit; nothing more is read. */
  onTooLong(length: number): void;
  /** A message is compressed, which was not agreed on; nothing more is read. */
  onCompressed(): void;
}

/** A message, or the prefix of one, of which not all has come yet. */
class Gathered {
  readonly bytes: Uint8Array;
  #filled = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isComplete(): boolean {
    return this.#filled === this.bytes.byteLength;
  }

  /** Takes what it can of the chunk, from `offset`; gives the offset of the rest. */
  take(chunk: Uint8Array, offset: number): number {
    const end = Math.min(chunk.byteLength, offset + this.bytes.byteLength - this.#filled);
    this.bytes.set(chunk.subarray(offset, end), this.#filled);
    this.#filled += end - offset;
    return end;
  }
}

/**
 * Cuts the bytes of a response into messages, each of which is gathered in a buffer of its announced length: each byte
 * is copied once, however small the chunks, which are their owner's again afterwards.
 */
export class EnvelopeReader {
  readonly #maxMessageBytes: number;
  readonly #sink: EnvelopeSink;
  readonly #makeBuffer: (length: number) => Uint8Array;
  #prefix: Gathered | undefined;
  #message: Gathered | undefined;
  #stopped = false;

  /** `makeBuffer` gives what a message is gathered in, with whatever bytes. */
  constructor(
    maxMessageBytes: number,
    sink: EnvelopeSink,
    makeBuffer: (length: number) => Uint8Array = (length) => new Uint8Array(length),
  ) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#sink = sink;
    this.#makeBuffer = makeBuffer;
  }

  /** Whether the bytes so far end inside a message. */
  get isInsideMessage(): boolean {
    return this.#prefix !== undefined || this.#message !== undefined;
  }

  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.byteLength && !this.#stopped) {
      offset = this.#message
        ? this.#continueMessage(this.#message, chunk, offset)
        : this.#readPrefix(chunk, offset);
    }
  }

  #readPrefix(chunk: Uint8Array, offset: number): number {
    const rest = offset + prefixBytes;
    if (!this.#prefix && rest <= chunk.byteLength) {
      return this.#beginMessage(readLength(chunk, offset), chunk[offset], chunk, rest);
    }
    this.#prefix ??= new Gathered(new Uint8Array(prefixBytes));
    const next = this.#prefix.take(chunk, offset);
    if (!this.#prefix.isComplete) return next;
    const { bytes } = this.#prefix;
    this.#prefix = undefined;
    return this.#beginMessage(readLength(bytes, 0), bytes[0], chunk, next);
  }

  #beginMessage(length: number, flags: number | undefined, chunk: Uint8Array, offset: number): number {
    if (flags !== 0) {
      this.#stopped = true;
      this.#sink.onCompressed();
    } else if (length > this.#maxMessageBytes) {
      this.#stopped = true;
      this.#sink.onTooLong(length);
    } else {
      return this.#continueMessage(new Gathered(this.#makeBuffer(length)), chunk, offset);
    }
    return offset;
  }

  #continueMessage(message: Gathered, chunk: Uint8Array, offset: number): number {
    const next = message.take(chunk, offset);
    this.#message = message.isComplete ? undefined : message;
    if (message.isComplete) this.#sink.onMessage(message.bytes);
    return next;
  }
}

/** The four bytes behind the flags. */
function readLength(bytes: Uint8Array, offset: number): number {
  const at = (index: number) => bytes[offset + index] ?? 0;
  return ((at(1) << 24) | (at(2) << 16) | (at(3) << 8) | at(4)) >>> 0;
}
