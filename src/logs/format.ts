import { jsonSafe } from "../messages/json.js";
import { parseTimestamp } from "./timestamp.js";

/** The output of a container that a line was written to. */
export type LogStream = "stdout" | "stderr";

/** One line as it stands in a log file: one write of the container, or a part of one. */
export interface LogRecord {
  readonly timeNs: bigint;
  readonly stream: LogStream;
  /** Tag `P`: the same stream's next record goes on where this one ends. */
  readonly partial: boolean;
  /** What the container wrote, without the line end. A view on the bytes that were parsed. */
  readonly content: Buffer;
}

const space = 0x20;
const carriageReturn = 0x0d;

/**
 * Parses one line of a log in CRI format, given without its line end: `TIME STREAM TAG[:TAG...] CONTENT`.
 * Tags after the first are ignored, as the format asks. Undefined: not in this format.
 */
export function parseLogRecord(line: Buffer): LogRecord | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = line.indexOf(space, afterTime + 1);
  if (afterTime < 0 || afterStream < 0) return undefined;
  const tagsEnd = line.indexOf(space, afterStream + 1);
  const afterTags = tagsEnd < 0 ? line.length : tagsEnd;

  const timeNs = parseTimestamp(line.toString("latin1", 0, afterTime));
  const stream = line.toString("latin1", afterTime + 1, afterStream);
  const tag = line.toString("latin1", afterStream + 1, afterTags).split(":", 1)[0];
  if (timeNs === undefined || (stream !== "stdout" && stream !== "stderr")) return undefined;
  if (tag !== "P" && tag !== "F") return undefined;
  return { timeNs, stream, partial: tag === "P", content: line.subarray(afterTags + 1) };
}

/** One line of a container's output. */
export interface LogLine {
  /** When the runtime read it from the container, to the millisecond. */
  readonly time: Date;
  /** The same in nanoseconds since 1970, as exact as the runtime wrote it. */
  readonly timeNs: bigint;
  /** The output that it was written to; always `stdout` on a terminal. */
  readonly stream: LogStream;
  /** Without the line end, decoded as UTF-8. */
  readonly text: string;
  /**
   * The line has no end: the container ended in the middle of it, or it is longer than 1 MiB and comes in
   * several pieces, all but the last of them partial.
   */
  readonly partial: boolean;
}

/** A line of the user's making, out of one record's head and the bytes of all its parts. */
export function toLogLine(head: LogRecord, content: Buffer, partial: boolean): LogLine {
  const end = content.at(-1) === carriageReturn ? content.length - 1 : content.length;
  return jsonSafe({
    time: new Date(Number(head.timeNs / 1_000_000n)),
    timeNs: head.timeNs,
    stream: head.stream,
    text: content.toString("utf8", 0, end),
    partial,
  });
}
