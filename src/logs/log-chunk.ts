import { BlockDecoder } from "./block-decoder.js";
import type { LogRecord, LogStream } from "./format.js";
import type { LineSink } from "./line-sink.js";

/** What a container wrote to one of its outputs, one line of it or many. */
export interface LogChunk {
  /** The output that it was written to; always `stdout` on a terminal. */
  readonly stream: LogStream;
  /** The lines as the container wrote them, each with its line end, if it has one. */
  readonly bytes: Buffer;
  /** How many lines these are. One of more than 1 MiB counts as often as it comes in pieces. */
  readonly lines: number;
  /** Lines that were written before the first one are missing, or may be, as with a single line. */
  readonly gapBefore: boolean;
}

const newline = 0x0a;

/** An item for each stretch of lines of one stream. */
export class ChunkSink implements LineSink<LogChunk> {
  readonly #decoder = new BlockDecoder("latin1");
  #chunks: LogChunk[] = [];
  #lines: LogRecord[] = [];

  add(line: LogRecord): void {
    if (line.gapBefore || line.stream !== this.#lines[0]?.stream) this.#closeChunk();
    this.#lines.push(line);
  }

  take(): LogChunk[] {
    this.#closeChunk();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  #closeChunk(): void {
    const [first] = this.#lines;
    if (!first) return;
    // As one string that stands for the bytes: to copy them line by line takes longer.
    let text = "";
    for (const { bytes, start, end, partial } of this.#lines) {
      const hasNewline = !partial && bytes[end] === newline;
      text += this.#decoder.decode(bytes, start, hasNewline ? end + 1 : end);
      if (!partial && !hasNewline) text += "\n";
    }
    const { stream, gapBefore } = first;
    const lines = this.#lines.length;
    this.#chunks.push({ stream, bytes: Buffer.from(text, "latin1"), lines, gapBefore });
    this.#lines = [];
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
