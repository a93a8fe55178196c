import { type Second, secondAt, type Timestamp, TimestampReader } from "./timestamp.js";

const minuteEnd = "2026-01-02T03:04:".length;
const secondEnd = "2026-01-02T03:04:05".length;
const fractionStart = "2026-01-02T03:04:05.".length;
const fractionEnd = "2026-01-02T03:04:05.678901234".length;
const streamLength = "stdout".length;
/** Tags can be longer; such a head is read anew. */
const modelBytes = 64;

const space = 0x20;
const point = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const partialTag = 0x50;
const fullTag = 0x46;
const letter = { d: 0x64, e: 0x65, o: 0x6f, r: 0x72, s: 0x73, t: 0x74, u: 0x75 } as const;

/** The output of a container that a line was written to. */
export type LogStream = "stdout" | "stderr";

/**
 * Reads what stands before the content of a record of CRI: `TIME STREAM TAG[:TAG...] `. Tags after the first are
 * ignored, as the format asks. Most heads are like the one before but for the digits after the minute, and are only
 * compared with it, four bytes at a time, since this is done for every line of a log.
 */
export class HeadReader implements Timestamp {
  // Of the head that was read last.
  second: Second = secondAt(0);
  nanos = 0;
  stream: LogStream = "stdout";
  partial = false;
  /** Where the content starts. */
  end = 0;

  readonly #time = new TimestampReader();
  /** The last head, if others can be like it. */
  readonly #model = new DataView(new ArrayBuffer(modelBytes));
  #modelLength = 0;
  #seconds = 0;
  #bytes: Buffer | undefined;
  #view: DataView = this.#model;

  /** Whether one stands at `start`, in a line that ends at `lineEnd`. */
  read(bytes: Buffer, start: number, lineEnd: number): boolean {
    return this.#readAlike(bytes, start, lineEnd) || this.#readAny(bytes, start, lineEnd);
  }

  #readAlike(bytes: Buffer, start: number, lineEnd: number): boolean {
    const length = this.#modelLength;
    if (length === 0 || lineEnd - start < length) return false;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    if (!this.#isAlike(start, 0, minuteEnd) || !this.#isAlike(start, fractionEnd, length)) return false;
    const seconds = digitsAt(bytes, start + minuteEnd, start + secondEnd);
    const nanos = digitsAt(bytes, start + fractionStart, start + fractionEnd);
    if (seconds < 0 || seconds > 59 || bytes[start + secondEnd] !== point || nanos < 0) return false;
    if (seconds !== this.#seconds) {
      this.second = secondAt(this.second.ms + (seconds - this.#seconds) * 1000);
      this.#seconds = seconds;
    }
    this.nanos = nanos;
    this.end = start + length;
    return true;
  }

  /** Whether the head at `start` has the same bytes as the model, `from` one of its bytes `to` another. */
  #isAlike(start: number, from: number, to: number): boolean {
    const last = to - 4;
    for (let at = from; at < last; at += 4) {
      if (this.#view.getInt32(start + at) !== this.#model.getInt32(at)) return false;
    }
    return this.#view.getInt32(start + last) === this.#model.getInt32(last);
  }

  #readAny(bytes: Buffer, start: number, lineEnd: number): boolean {
    const timeEnd = this.#time.read(bytes, start);
    if (timeEnd < 0 || bytes[timeEnd] !== space) return false;
    const stream = streamAt(bytes, timeEnd + 1);
    const streamEnd = timeEnd + 1 + streamLength;
    if (stream === undefined || bytes[streamEnd] !== space) return false;

    const tag = bytes[streamEnd + 1];
    if (tag !== fullTag && tag !== partialTag) return false;
    let tagsEnd = streamEnd + 2;
    if (tagsEnd < lineEnd && bytes[tagsEnd] === colon) {
      const found = bytes.indexOf(space, tagsEnd);
      tagsEnd = found < 0 ? lineEnd : Math.min(found, lineEnd);
    }
    if (tagsEnd < lineEnd && bytes[tagsEnd] !== space) return false;
    this.second = this.#time.second;
    this.nanos = this.#time.nanos;
    this.stream = stream;
    this.partial = tag === partialTag;
    this.end = Math.min(tagsEnd + 1, lineEnd);
    this.#setModel(bytes, start);
    return true;
  }

  /** Only a head with nine digits behind the point, and a space at its end. */
  #setModel(bytes: Buffer, start: number): void {
    const length = this.end - start;
    const isModel =
      length <= modelBytes &&
      bytes[this.end - 1] === space &&
      bytes[start + secondEnd] === point &&
      digitsAt(bytes, start + fractionStart, start + fractionEnd) === this.nanos;
    this.#modelLength = isModel ? length : 0;
    if (!isModel) return;
    for (let at = 0; at < length; at++) this.#model.setUint8(at, bytes[start + at] ?? 0);
    this.#seconds = digitsAt(bytes, start + minuteEnd, start + secondEnd);
  }
}

/** The number that these digits are; -1 when they are none. */
function digitsAt(bytes: Buffer, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - zero;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

function streamAt(bytes: Buffer, at: number): LogStream | undefined {
  if (bytes[at] !== letter.s || bytes[at + 1] !== letter.t || bytes[at + 2] !== letter.d) return undefined;
  const [first, second, third] = [bytes[at + 3], bytes[at + 4], bytes[at + 5]];
  if (first === letter.o && second === letter.u && third === letter.t) return "stdout";
  if (first === letter.e && second === letter.r && third === letter.r) return "stderr";
  return undefined;
}
