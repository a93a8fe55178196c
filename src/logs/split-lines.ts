const newline = 0x0a;

/** Cuts a stream of bytes into lines, wherever the reads happened to end. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** The lines that are whole now, without their line ends: views on `chunk`, to be used before it changes. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const tail = chunk.subarray(start, end);
      lines.push(this.#rest.length > 0 ? Buffer.concat([this.#rest, tail]) : tail);
      this.#rest = Buffer.alloc(0);
      start = end + 1;
    }
    if (start < chunk.length) this.#rest = Buffer.concat([this.#rest, chunk.subarray(start)]);
    return lines;
  }

  /** What came after the last line end; the splitter starts anew. */
  takeRest(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest;
  }
}
