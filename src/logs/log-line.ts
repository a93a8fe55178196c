import { jsonSafe } from "../messages/json.js";
import type { LogRecord, LogStream } from "./format.js";

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

/** Makes a line out of one record's head and the bytes of all its parts. */
export type MakeLine<Line> = (head: LogRecord, content: Buffer, partial: boolean) => Line;

const carriageReturn = 0x0d;

// Field by field: to spread a part that both share is slow, for each line of a log.
export const toLogLine: MakeLine<LogLine> = ({ timeNs, stream, gapBefore = false }, content, partial) => {
  const text = content.toString("utf8", 0, lineLength(content, partial));
  return jsonSafe({ time: dateOf(timeNs), timeNs, stream, text, partial, gapBefore });
};

export const toRawLogLine: MakeLine<RawLogLine> = (
  { timeNs, stream, gapBefore = false },
  content,
  partial,
) => {
  const bytes = Buffer.from(content.subarray(0, lineLength(content, partial)));
  return jsonSafe({ time: dateOf(timeNs), timeNs, stream, bytes, partial, gapBefore });
};

function dateOf(timeNs: bigint): Date {
  return new Date(Number(timeNs / 1_000_000n));
}

/** A terminal ends its lines with a carriage return as well. */
function lineLength(content: Buffer, partial: boolean): number {
  return !partial && content.at(-1) === carriageReturn ? content.length - 1 : content.length;
}
