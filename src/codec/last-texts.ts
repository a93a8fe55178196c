/** What has come last in each place of a list: a field of its items, or a key of their maps. */
export class LastTexts {
  readonly #bytes: DataView;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #texts: (string | undefined)[];

  constructor(bytes: DataView, places: number) {
    this.#bytes = bytes;
    this.#starts = new Int32Array(places);
    this.#lengths = new Int32Array(places);
    this.#texts = Array.from({ length: places }, () => "");
  }

  /** Whether the text that came last there has the same bytes. */
  isSame(place: number, start: number, end: number): boolean {
    const length = end - start;
    return this.#lengths[place] === length && this.#isEqual(start, this.#starts[place] as number, length);
  }

  /** The text that came last there; undefined until it is made. */
  text(place: number): string | undefined {
    return this.#texts[place];
  }

  come(place: number, start: number, end: number): void {
    this.#starts[place] = start;
    this.#lengths[place] = end - start;
    this.#texts[place] = undefined;
  }

  made(place: number, text: string): void {
    this.#texts[place] = text;
  }

  /** Names and numbers differ at their ends, so these are looked at first. */
  #isEqual(start: number, lastStart: number, length: number): boolean {
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
