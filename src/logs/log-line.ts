import { jsonOf } from "../messages/json-safe.js";
import { BlockDecoder } from "./block-decoder.js";
import type { LogRecord } from "./format.js";
import type { LogStream } from "./head-reader.js";
import { timeMsOf, timeNsOf } from "./timestamp.js";

/** What there is to know of a line beside what it says. */
interface LineFacts {
  /** When the runtime read it from the container, to the millisecond. */
  readonly time: Date;
  /** The same in nanoseconds since 1970, as exact as the runtime wrote it. */
  readonly timeNs: bigint;
  /** The output that it was written to; always `stdout` on a terminal. */
  readonly stream: LogStream;
  /**
   * The line has no end: the container ended in the middle of it, or it is longer than 1 MiB and comes in
   * several pieces, all but the last of them partial, or `limitBytes` cut it.
   */
  readonly partial: boolean;
  /**
   * Lines that were written before this one are missing, or may be: the file was truncated, or replaced more
   * than once between two looks, or part of it cannot be read. False: it is known that none is.
   */
  readonly gapBefore: boolean;
}

/** One line of a container's output. */
export interface LogLine extends LineFacts {
  /** Without the line end, decoded as UTF-8. */
  readonly text: string;
}

/** One line of a container's output, as the bytes that it wrote. */
export interface RawLogLine extends LineFacts {
  /** Without the line end. */
  readonly bytes: Buffer;
}

const carriageReturn = 0x0d;

const text = new BlockDecoder();

// Classes, since an object whose prototype is set after it was made takes five times as long to make.
class TextLine implements LogLine {
  readonly time: Date;
  readonly timeNs: bigint;
  readonly stream: LogStream;
  readonly text: string;
  readonly partial: boolean;
  readonly gapBefore: boolean;

  constructor(line: LogRecord) {
    this.time = new Date(timeMsOf(line));
    this.timeNs = timeNsOf(line);
    this.stream = line.stream;
    this.text = text.decode(line.bytes, line.start, contentEnd(line));
    this.partial = line.partial;
    this.gapBefore = line.gapBefore;
  }

  toJSON(): Record<string, unknown> {
    return jsonOf(this);
  }
}

class BytesLine implements RawLogLine {
  readonly time: Date;
  readonly timeNs: bigint;
  readonly stream: LogStream;
  readonly bytes: Buffer;
  readonly partial: boolean;
  readonly gapBefore: boolean;

  constructor(line: LogRecord) {
    this.time = new Date(timeMsOf(line));
    this.timeNs = timeNsOf(line);
    this.stream = line.stream;
    this.bytes = Buffer.from(line.bytes.subarray(line.start, contentEnd(line)));
    this.partial = line.partial;
    this.gapBefore = line.gapBefore;
  }

  toJSON(): Record<string, unknown> {
    return jsonOf(this);
  }
}

export function toLogLine(line: LogRecord): LogLine {
  return new TextLine(line);
}

export function toRawLogLine(line: LogRecord): RawLogLine {
  return new BytesLine(line);
}

/** A terminal ends its lines with a carriage return as well. */
function contentEnd({ bytes, start, end, partial }: LogRecord): number {
  return !partial && end > start && bytes[end - 1] === carriageReturn ? end - 1 : end;
}
