import type { LastTexts } from "./last-texts.js";

/** V8 keeps all of the text that a string was cut from: the ID of one container must not hold a list of ten thousand. */
const maxBytes = 1024;
const maxTexts = 64;

/** What a text belongs to: a message, a map or a list. */
export type Owner = Record<string | number, unknown>;

// One decoder is at work at a time.
const bytes = Buffer.alloc(maxBytes);
const view = new DataView(bytes.buffer, bytes.byteOffset, maxBytes);
const ends = new Int32Array(maxTexts);
const places = new Int32Array(maxTexts);

/**
 * Texts of which the bytes are known and the strings are not made yet. They are cut from one that is made of all their
 * bytes: a call into V8 for one costs as much as for all. What is not new has no part in it.
 */
export class NewTexts {
  readonly #owners: Owner[] = [];
  readonly #names: (string | number)[] = [];
  #count = 0;
  #length = 0;

  /** Takes the bytes of a text; false if there is no room for them, or they are not ASCII. */
  add(source: DataView, start: number, end: number): boolean {
    let to = this.#length;
    if (this.#count === maxTexts || to + end - start > maxBytes) return false;
    let at = start;
    for (; at + 4 <= end; at += 4, to += 4) {
      const word = source.getInt32(at, true);
      if ((word & 0x80808080) !== 0) return false;
      view.setInt32(to, word, true);
    }
    for (; at < end; at++, to++) {
      const byte = source.getUint8(at);
      if (byte >= 0x80) return false;
      view.setUint8(to, byte);
    }
    this.#length = to;
    return true;
  }

  /** Whose the text is that was added last. */
  own(owner: Owner, name: string | number, place: number): void {
    const index = this.#count++;
    ends[index] = this.#length;
    places[index] = place;
    this.#owners[index] = owner;
    this.#names[index] = name;
  }

  /** Makes the strings, and gives each to its owner. */
  settle(lastTexts: LastTexts | undefined): void {
    const count = this.#count;
    if (count === 0) return;
    const text = bytes.toString("latin1", 0, this.#length);
    let start = 0;
    for (let index = 0; index < count; index++) {
      const end = ends[index] as number;
      const own = text.slice(start, end);
      (this.#owners[index] as Owner)[this.#names[index] as string] = own;
      lastTexts?.made(places[index] as number, own);
      start = end;
    }
    this.#count = 0;
    this.#length = 0;
  }
}
