import { parseTimestamp } from "./timestamp.js";

/** The output of a container that a line was written to. */
export type LogStream = "stdout" | "stderr";

/** One entry of a log file: one write of the container, or a part of one. */
export interface LogRecord {
  readonly timeNs: bigint;
  readonly stream: LogStream;
  /** The same stream's next record goes on where this one ends. */
  readonly partial: boolean;
  /** What the container wrote, without the line end. A view on the bytes that were parsed. */
  readonly content: Buffer;
  /** The file ends in the middle of it: nothing goes on where it ends. */
  readonly torn?: boolean;
  /** Between the record before and this one, some were lost, or may have been. */
  readonly gapBefore?: boolean;
}

/** Parses one line of a log file, given without its line end. Undefined: not in this format. */
export type ParseRecord = (line: Buffer) => LogRecord | undefined;

const space = 0x20;

/** The format of CRI: `TIME STREAM TAG[:TAG...] CONTENT`. Tags after the first are ignored, as it asks. */
export function parseLogRecord(line: Buffer): LogRecord | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = line.indexOf(space, afterTime + 1);
  if (afterTime < 0 || afterStream < 0) return undefined;
  const tagsEnd = line.indexOf(space, afterStream + 1);
  const afterTags = tagsEnd < 0 ? line.length : tagsEnd;

  const stream = line.toString("latin1", afterTime + 1, afterStream);
  const tag = line.toString("latin1", afterStream + 1, afterTags).split(":", 1)[0];
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  if (tag !== "P" && tag !== "F") return undefined;
  const timeNs = parseTimestamp(line.toString("latin1", 0, afterTime));
  if (timeNs === undefined) return undefined;
  return { timeNs, stream, partial: tag === "P", content: line.subarray(afterTags + 1) };
}
