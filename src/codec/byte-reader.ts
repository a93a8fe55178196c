import { KnownKeys } from "./known-keys.js";
import { LastTexts } from "./last-texts.js";
import { NewTexts, type Owner } from "./new-texts.js";

/** Thrown for bytes that are rare or wrong: protobuf-es reads them, or says what is wrong with them. */
export const unusual = new Error("The bytes are not read here");

/** Shorter messages are no lists in which texts come again. */
const minListBytes = 16 * 1024;

const keys = new KnownKeys();
/** The values of maps have a place for each key, the other fields one behind these. */
let places = keys.slots;

/** A place for one field's texts: in a list most are the same in each item, as the name of an image. */
export function newPlace(): number {
  return places++;
}

const int64 = new DataView(new ArrayBuffer(8));

/** Reads the values of the wire format, one after the other. */
export class ByteReader {
  /**
   * There is always one: V8 throws away all code that was optimized for a class at a large garbage collection that
   * finds no object of it, and the next list would be read at a third of the speed. As long as a list, so that what only
   * lists have is kept, too.
   */
  static readonly kept = new ByteReader(new Uint8Array(minListBytes));

  pos = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #source: Uint8Array;
  readonly #lastTexts: LastTexts | undefined;
  readonly #newTexts = new NewTexts();
  #newPlace = 0;

  constructor(source: Uint8Array) {
    const { buffer, byteOffset, byteLength } = source;
    this.#source = source;
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.#view = new DataView(buffer, byteOffset, byteLength);
    if (byteLength >= minListBytes) this.#lastTexts = new LastTexts(this.#view, places);
  }

  get end(): number {
    return this.#bytes.length;
  }

  /** Where what is behind its length ends. */
  delimited(end: number): number {
    const length = this.uint32();
    const delimitedEnd = this.pos + length;
    if (delimitedEnd > end) throw unusual;
    return delimitedEnd;
  }

  /** Of one byte or two, as all tags of the contract are. */
  tag(): number {
    const first = this.#bytes[this.pos++] as number;
    if (first < 0x80) return first;
    const second = this.#bytes[this.pos++] as number;
    if (second < 0x80) return (second << 7) | (first & 0x7f);
    throw unusual;
  }

  uint32(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.pos++] as number;
    if (byte < 0x80) return byte;
    let result = byte & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      byte = bytes[this.pos++] as number;
      if (shift < 32) result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    throw unusual;
  }

  int64(): bigint {
    this.#readInt64();
    return int64.getBigInt64(0, true);
  }

  uint64(): bigint {
    this.#readInt64();
    return int64.getBigUint64(0, true);
  }

  bool(): boolean {
    const byte = this.#bytes[this.pos++] as number;
    if (byte < 0x80) return byte !== 0;
    throw unusual;
  }

  double(end: number): number {
    const start = this.pos;
    this.pos += 8;
    if (this.pos > end) throw unusual;
    return this.#view.getFloat64(start, true);
  }

  bytes(end: number): Uint8Array {
    const bytesEnd = this.delimited(end);
    return this.bytesTo(bytesEnd, this.pos);
  }

  /** A copy of the bytes, in a plain array. */
  bytesTo(end: number, start: number): Uint8Array {
    this.pos = end;
    return new Uint8Array(this.#source.subarray(start, end));
  }

  /** A text, if it is known; if not, `later` must be told whose it is. `place` is one of `newPlace`. */
  text(end: number, place: number): string | undefined {
    const textEnd = this.delimited(end);
    const start = this.pos;
    this.pos = textEnd;
    const last = this.#lastTexts;
    if (last?.isSame(place, start, textEnd)) return last.text(place) ?? this.#settledText(last, place);
    this.#newPlace = place;
    const isAdded = this.#newTexts.add(this.#view, start, textEnd);
    // Else what came before in its place would be made as if it were this one.
    if (!isAdded) this.settle();
    last?.come(place, start, textEnd);
    return isAdded ? undefined : this.#textAtOnce(start, textEnd);
  }

  /** The value of a map, behind its key; like a text. */
  value(end: number): string | undefined {
    return this.text(end, keys.lastSlot);
  }

  /** Gives the text that was not known to its owner, with the next `settle` at the latest. */
  later(owner: Owner, name: string | number): void {
    this.#newTexts.own(owner, name, this.#newPlace);
  }

  /** A string that names a property. */
  key(end: number): string {
    const keyEnd = this.delimited(end);
    const start = this.pos;
    this.pos = keyEnd;
    const known = keys.find(this.#view, start, keyEnd);
    return known ?? keys.add(this.#make(start, keyEnd), this.#view, start, keyEnd);
  }

  /** Gives all texts to their owners. */
  settle(): void {
    this.#newTexts.settle(this.#lastTexts);
  }

  /** When there was no room for it among the new ones, or it is not ASCII. */
  #textAtOnce(start: number, end: number): string | undefined {
    if (this.#newTexts.add(this.#view, start, end)) return undefined;
    const text = this.#make(start, end);
    this.#lastTexts?.made(this.#newPlace, text);
    return text;
  }

  #settledText(last: LastTexts, place: number): string {
    this.settle();
    return last.text(place) as string;
  }

  #make(start: number, end: number): string {
    const text = this.#bytes.toString("utf8", start, end);
    // What stands in place of wrong bytes, if it was not there before.
    if (text.includes("\ufffd")) throw unusual;
    return text;
  }

  #readInt64(): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[this.pos++] as number;
      if (shift < 32) low |= (byte & 0x7f) << shift;
      if (shift === 28) high = (byte & 0x70) >> 4;
      else if (shift > 28) high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        int64.setInt32(0, low, true);
        int64.setInt32(4, high, true);
        return;
      }
    }
    throw unusual;
  }
}
