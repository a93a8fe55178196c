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

/**
 * Cuts the bytes of a response into messages. Each byte is copied once at most, however small the chunks: a
 * message that came in one chunk is not copied, any other is gathered in a buffer of its announced length.
 */
export class EnvelopeReader {
  readonly #maxMessageBytes: number;
  readonly #sink: EnvelopeSink;
  readonly #prefix = new Uint8Array(prefixBytes);
  #prefixFilled = 0;
  /** The message being gathered; undefined while its prefix is read. */
  #message: Uint8Array | undefined;
  #messageFilled = 0;
  #stopped = false;

  constructor(maxMessageBytes: number, sink: EnvelopeSink) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#sink = sink;
  }

  /** Whether the bytes so far end inside a message. */
  get isInsideMessage(): boolean {
    return this.#prefixFilled > 0;
  }

  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.byteLength && !this.#stopped) {
      offset = this.#message ? this.#gather(this.#message, chunk, offset) : this.#readPrefix(chunk, offset);
    }
  }

  #readPrefix(chunk: Uint8Array, start: number): number {
    let offset = start;
    while (this.#prefixFilled < prefixBytes && offset < chunk.byteLength) {
      this.#prefix[this.#prefixFilled++] = chunk[offset++] ?? 0;
    }
    if (this.#prefixFilled < prefixBytes) return offset;
    const [flags = 0, a = 0, b = 0, c = 0, d = 0] = this.#prefix;
    const length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    if ((flags & 1) !== 0) {
      this.#stopped = true;
      this.#sink.onCompressed();
    } else if (length > this.#maxMessageBytes) {
      this.#stopped = true;
      this.#sink.onTooLong(length);
    } else if (chunk.byteLength - offset >= length) {
      // A plain Uint8Array and no Buffer, because bytes fields of the message become views of the same class.
      this.#finish(new Uint8Array(chunk.buffer, chunk.byteOffset + offset, length));
      return offset + length;
    } else {
      this.#message = new Uint8Array(length);
      this.#messageFilled = 0;
    }
    return offset;
  }

  #gather(message: Uint8Array, chunk: Uint8Array, offset: number): number {
    const length = Math.min(message.byteLength - this.#messageFilled, chunk.byteLength - offset);
    message.set(chunk.subarray(offset, offset + length), this.#messageFilled);
    this.#messageFilled += length;
    if (this.#messageFilled === message.byteLength) this.#finish(message);
    return offset + length;
  }

  #finish(message: Uint8Array): void {
    this.#message = undefined;
    this.#prefixFilled = 0;
    this.#sink.onMessage(message);
  }
}
