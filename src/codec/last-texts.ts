/** What has come last in each place of a list: a field of its items, or a key of their maps. */
export class LastTexts {
  readonly #bytes: DataView;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #texts: string[];

  constructor(bytes: DataView, places: number) {
    this.#bytes = bytes;
    this.#starts = new Int32Array(places);
    this.#lengths = new Int32Array(places);
    this.#texts = Array.from({ length: places }, () => "");
  }

  /** The text that came last there, if it has the same bytes. */
  find(place: number, start: number, end: number): string | undefined {
    const length = end - start;
    if (this.#lengths[place] !== length) return undefined;
    return this.#isSame(start, this.#starts[place] as number, length) ? this.#texts[place] : undefined;
  }

  set(place: number, start: number, end: number, text: string): void {
    this.#starts[place] = start;
    this.#lengths[place] = end - start;
    this.#texts[place] = text;
  }

  /** Names and numbers differ at their ends, so these are looked at first. */
  #isSame(start: number, lastStart: number, length: number): boolean {
    const bytes = this.#bytes;
    let left = length;
    for (; left >= 4; left -= 4) {
      const at = left - 4;
      if (bytes.getInt32(start + at, true) !== bytes.getInt32(lastStart + at, true)) return false;
    }
    for (; left > 0; left--) {
      if (bytes.getUint8(start + left - 1) !== bytes.getUint8(lastStart + left - 1)) return false;
    }
    return true;
  }
}
