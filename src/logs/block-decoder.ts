/** A string that is kept keeps its whole block. */
const blockBytes = 4096;

/**
 * Strings of stretches of bytes, one behind the other. A block is decoded at once, and the strings cut out of it: to
 * decode each by itself takes several times as long.
 */
export class BlockDecoder {
  #bytes: Buffer | undefined;
  #start = 0;
  #end = 0;
  #text = "";

  /** The bytes are not to change between two calls, unless they are given as another buffer. */
  decode(bytes: Buffer, start: number, end: number): string {
    if (bytes !== this.#bytes || start < this.#start || end > this.#end) {
      if (end - start > blockBytes / 2) return bytes.toString("utf8", start, end);
      this.#bytes = bytes;
      this.#start = start;
      this.#end = Math.min(start + blockBytes, bytes.length);
      this.#text = bytes.toString("utf8", start, this.#end);
    }
    // No byte becomes more than one character: where the lengths are equal, each is one, and stands in its place.
    const isInPlace = this.#text.length === this.#end - this.#start;
    if (!isInPlace) return bytes.toString("utf8", start, end);
    return this.#text.slice(start - this.#start, end - this.#start);
  }
}
