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

/**
 * Reads RFC 3339 times, with `Z` or an offset and any number of fraction digits (what is finer than a nanosecond is
 * cut off). From bytes and digit by digit, since it is done for every line of a log: a string of each time and a
 * regular expression take longer than all the rest.
 */
export class TimestampReader {
  /** The time that was read last, in nanoseconds since 1970. */
  timeNs = 0n;
  /** The same in whole milliseconds. */
  timeMs = 0;

  // Most lines share their second with the line before, and making a number of it is most of the work.
  readonly #second = Buffer.alloc(secondLength);
  #localMs = 0;
  #offsetMinutes = 0;
  #secondMs = 0;
  #secondNs = 0n;

  /** Where the time that begins at `start` ends; -1 when none does. */
  read(bytes: Buffer, start: number): number {
    const isNew = !this.#isSameSecond(bytes, start);
    if (isNew && !this.#setSecond(bytes, start)) return -1;
    let at = start + secondLength;
    let fraction = 0;
    let digits = 0;
    if (bytes[at] === point) {
      at += 1;
      for (; isDigit(bytes[at]); at++) {
        if (digits === fractionDigits) continue;
        fraction = fraction * 10 + digitAt(bytes, at);
        digits += 1;
      }
      if (digits === 0) return -1;
    }
    for (; digits < fractionDigits; digits++) fraction *= 10;

    const isUtc = bytes[at] === utc;
    const offset = isUtc ? 0 : offsetAt(bytes, at);
    if (Number.isNaN(offset)) return -1;
    if (isNew || offset !== this.#offsetMinutes) this.#setOffset(offset);
    this.timeNs = this.#secondNs + BigInt(fraction);
    this.timeMs = this.#secondMs + Math.trunc(fraction / 1_000_000);
    return at + (isUtc ? 1 : offsetLength);
  }

  #isSameSecond(bytes: Buffer, start: number): boolean {
    // From behind, where times differ.
    for (let index = secondLength - 1; index >= 0; index--) {
      if (bytes[start + index] !== this.#second[index]) return false;
    }
    return true;
  }

  #setSecond(bytes: Buffer, start: number): boolean {
    const text = bytes.toString("latin1", start, start + secondLength);
    const ms = secondPattern.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
    if (Number.isNaN(ms)) return false;
    bytes.copy(this.#second, 0, start);
    this.#localMs = ms;
    this.#setOffset(this.#offsetMinutes);
    return true;
  }

  #setOffset(minutes: number): void {
    this.#offsetMinutes = minutes;
    this.#secondMs = this.#localMs - minutes * 60_000;
    this.#secondNs = BigInt(this.#secondMs) * 1_000_000n;
  }
}

const reader = new TimestampReader();

/** The same of a text, which is to hold nothing else; undefined when it does. */
export function parseTimestamp(text: string): { timeNs: bigint; timeMs: number } | undefined {
  const bytes = Buffer.from(text);
  return reader.read(bytes, 0) === bytes.length
    ? { timeNs: reader.timeNs, timeMs: reader.timeMs }
    : undefined;
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
