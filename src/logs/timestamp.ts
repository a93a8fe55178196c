const secondPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/;
const secondLength = "2026-01-02T03:04:05".length;
const offsetLength = "+01:30".length;
const fractionDigits = 9;

const plus = 0x2b;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const utc = 0x5a;

/** When a second began, since 1970. One object for all times within it. */
export interface Second {
  readonly ms: number;
  readonly ns: bigint;
}

export function secondAt(ms: number): Second {
  return { ms, ns: BigInt(ms) * 1_000_000n };
}

/** A time to the nanosecond, in parts: to make one number of them takes as long as to read the time. */
export interface Timestamp {
  readonly second: Second;
  /** Nanoseconds since the second began. */
  readonly nanos: number;
}

export function timeNsOf({ second, nanos }: Timestamp): bigint {
  return second.ns + BigInt(nanos);
}

export function timeMsOf({ second, nanos }: Timestamp): number {
  return second.ms + Math.trunc(nanos / 1_000_000);
}

/**
 * Reads RFC 3339 times, with `Z` or an offset and any number of fraction digits (what is finer than a nanosecond is
 * cut off). From bytes and digit by digit, since it is done for every line of a log: a string of each time and a
 * regular expression take longer than all the rest.
 */
export class TimestampReader implements Timestamp {
  // Of the time that was read last. Most lines share their second with the line before, and making a number of it is
  // most of the work.
  second: Second = secondAt(0);
  nanos = 0;
  readonly #text = Buffer.alloc(secondLength);
  #localMs = 0;
  #offsetMinutes = 0;

  /** Where the time that begins at `start` ends; -1 when none does. */
  read(bytes: Buffer, start: number): number {
    if (!this.#isSameSecond(bytes, start) && !this.#setSecond(bytes, start)) return -1;
    let at = start + secondLength;
    let nanos = 0;
    let digits = 0;
    if (bytes[at] === point) {
      at += 1;
      for (; digits < fractionDigits && isDigit(bytes[at]); at++) {
        nanos = nanos * 10 + digitAt(bytes, at);
        digits += 1;
      }
      if (digits === 0) return -1;
      while (isDigit(bytes[at])) at += 1;
    }
    for (; digits < fractionDigits; digits++) nanos *= 10;
    this.nanos = nanos;

    if (bytes[at] === utc) {
      if (this.#offsetMinutes !== 0) this.#setOffset(0);
      return at + 1;
    }
    const offset = offsetAt(bytes, at);
    if (Number.isNaN(offset)) return -1;
    if (this.#offsetMinutes !== offset) this.#setOffset(offset);
    return at + offsetLength;
  }

  #isSameSecond(bytes: Buffer, start: number): boolean {
    // From behind, where times differ.
    for (let index = secondLength - 1; index >= 0; index--) {
      if (bytes[start + index] !== this.#text[index]) return false;
    }
    return true;
  }

  #setSecond(bytes: Buffer, start: number): boolean {
    const text = bytes.toString("latin1", start, start + secondLength);
    const ms = secondPattern.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
    if (Number.isNaN(ms)) return false;
    this.#text.write(text, "latin1");
    this.#localMs = ms;
    this.#setOffset(this.#offsetMinutes);
    return true;
  }

  #setOffset(minutes: number): void {
    this.#offsetMinutes = minutes;
    this.second = secondAt(this.#localMs - minutes * 60_000);
  }
}

const reader = new TimestampReader();

/** The same of a text, which is to hold nothing else; undefined when it does. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const bytes = Buffer.from(text);
  if (reader.read(bytes, 0) !== bytes.length) return undefined;
  const { second, nanos } = reader;
  return { second, nanos };
}

/** East of Greenwich, in minutes; NaN for what is no offset. */
function offsetAt(bytes: Buffer, at: number): number {
  const isWest = bytes[at] === minus;
  if ((!isWest && bytes[at] !== plus) || bytes[at + 3] !== colon) return Number.NaN;
  const hours = twoDigitsAt(bytes, at + 1);
  const minutes = twoDigitsAt(bytes, at + 4);
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (isWest ? -1 : 1) * (hours * 60 + minutes);
}

function twoDigitsAt(bytes: Buffer, at: number): number {
  if (!isDigit(bytes[at]) || !isDigit(bytes[at + 1])) return Number.NaN;
  return digitAt(bytes, at) * 10 + digitAt(bytes, at + 1);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}

function digitAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? zero) - zero;
}
