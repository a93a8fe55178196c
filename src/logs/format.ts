import { HeadReader, type LogStream } from "./head-reader.js";
import type { Timestamp } from "./timestamp.js";

/** One entry of a log file: one write of the container, or a part of one. */
export interface LogRecord extends Timestamp {
  readonly stream: LogStream;
  /** The same stream's next record goes on where this one ends. */
  readonly partial: boolean;
  /**
   * What the container wrote, without the line end, lies in these bytes from `start` to `end`: to make a view of it
   * would take as long as all of the parsing.
   */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The file ends in the middle of it: nothing goes on where it ends. */
  readonly torn: boolean;
  /** Between the record before and this one, some were lost, or may have been. */
  readonly gapBefore: boolean;
}

/** What the container wrote, without the line end. A view on the bytes that were parsed. */
export function contentOf({ bytes, start, end }: LogRecord): Buffer {
  return bytes.subarray(start, end);
}

/** Parses one line of a log file, which lies without its line end from `start` to `end`. Undefined: not in this format. */
export type ParseRecord = (bytes: Buffer, start: number, end: number) => LogRecord | undefined;

const head = new HeadReader();

/** The format of CRI: `TIME STREAM TAG[:TAG...] CONTENT`. */
export function parseLogRecord(bytes: Buffer, start: number, end: number): LogRecord | undefined {
  if (!head.read(bytes, start, end)) return undefined;
  const { second, nanos, stream, partial } = head;
  return { second, nanos, stream, partial, bytes, start: head.end, end, torn: false, gapBefore: false };
}
