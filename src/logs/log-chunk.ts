import type { LogRecord } from "./format.js";
import type { LogStream } from "./head-reader.js";
import type { LineSink } from "./line-sink.js";

/** What a container wrote to one of its outputs, one line of it or many. */
export interface LogChunk {
  /** The output that it was written to; always `stdout` on a terminal. */
  readonly stream: LogStream;
  /**
   * The lines as the container wrote them, each with its line end, if it has one. A line whose rest is missing is
   * given one, so that the next is not joined to it.
   */
  readonly bytes: Buffer;
  /**
   * How many lines these are. One of more than 1 MiB counts as often as it comes in pieces, and the line end that
   * follows when its rest is missing is none.
   */
  readonly lines: number;
  /** Lines that were written before the first one are missing, or may be, as with a single line. */
  readonly gapBefore: boolean;
}

const newline = 0x0a;
const lineEnd = Buffer.from("\n");
const nothing = Buffer.alloc(0);

/** An item for each stretch of lines of one stream. */
export class ChunkSink implements LineSink<LogChunk> {
  #chunks: LogChunk[] = [];
  // Of the chunk that is being put together.
  #stream: LogStream = "stdout";
  #gapBefore = false;
  #lines = 0;
  #pieces: Buffer[] = [];
  // Its last piece: lines that lie in the same bytes, moved together.
  #bytes: Buffer = nothing;
  #start = 0;
  #end = 0;
  /** Where pieces of a line were given that is to go on. */
  readonly #begun = new Set<LogStream>();

  add({ stream, gapBefore, bytes, start, end, partial, torn }: LogRecord): void {
    if (gapBefore || stream !== this.#stream) {
      this.#closeChunk();
      if (gapBefore) this.#endBegun();
      this.#stream = stream;
      this.#gapBefore = gapBefore;
    }
    if (bytes !== this.#bytes) this.#beginPiece(bytes, start);
    const hasEnd = !partial && bytes[end] === newline;
    const stop = hasEnd ? end + 1 : end;
    bytes.copyWithin(this.#end, start, stop);
    this.#end += stop - start;
    this.#lines += 1;
    if (partial && !torn) this.#begun.add(stream);
    else if (this.#begun.size > 0) this.#begun.delete(stream);
    if (hasEnd || (partial && !torn)) return;
    this.#beginPiece(nothing, 0);
    this.#pieces.push(lineEnd);
  }

  take(): LogChunk[] {
    this.#closeChunk();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** They will not go on behind a gap. */
  #endBegun(): void {
    for (const stream of this.#begun) {
      this.#chunks.push({ stream, bytes: Buffer.from(lineEnd), lines: 0, gapBefore: false });
    }
    this.#begun.clear();
  }

  #beginPiece(bytes: Buffer, start: number): void {
    if (this.#end > this.#start) this.#pieces.push(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = bytes;
    this.#start = start;
    this.#end = start;
  }

  #closeChunk(): void {
    this.#beginPiece(nothing, 0);
    if (this.#lines > 0) {
      const [stream, lines, gapBefore] = [this.#stream, this.#lines, this.#gapBefore];
      this.#chunks.push({ stream, bytes: Buffer.concat(this.#pieces), lines, gapBefore });
    }
    this.#pieces = [];
    this.#lines = 0;
    this.#gapBefore = false;
  }
}

/** The last one may lack its end. */
export function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let start = 0; start < bytes.length; lines++) {
    const end = bytes.indexOf(newline, start);
    start = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}
