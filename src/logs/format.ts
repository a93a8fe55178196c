import { TimestampReader } from "./timestamp.js";

/** The output of a container that a line was written to. */
export type LogStream = "stdout" | "stderr";

/** One entry of a log file: one write of the container, or a part of one. */
export interface LogRecord {
  /** In nanoseconds since 1970, and in whole milliseconds. */
  readonly timeNs: bigint;
  readonly timeMs: number;
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

const space = 0x20;
const colon = 0x3a;
const partialTag = 0x50;
const fullTag = 0x46;
const streamLength = "stdout".length;

const time = new TimestampReader();

/** The format of CRI: `TIME STREAM TAG[:TAG...] CONTENT`. Tags after the first are ignored, as it asks. */
export function parseLogRecord(bytes: Buffer, start: number, end: number): LogRecord | undefined {
  const timeEnd = time.read(bytes, start);
  if (timeEnd < 0 || bytes[timeEnd] !== space) return undefined;
  const stream = streamAt(bytes, timeEnd + 1);
  const streamEnd = timeEnd + 1 + streamLength;
  if (stream === undefined || bytes[streamEnd] !== space) return undefined;

  const tag = bytes[streamEnd + 1];
  if (tag !== fullTag && tag !== partialTag) return undefined;
  let tagsEnd = streamEnd + 2;
  if (tagsEnd < end && bytes[tagsEnd] === colon) {
    const found = bytes.indexOf(space, tagsEnd);
    tagsEnd = found < 0 ? end : Math.min(found, end);
  }
  if (tagsEnd < end && bytes[tagsEnd] !== space) return undefined;
  return {
    timeNs: time.timeNs,
    timeMs: time.timeMs,
    stream,
    partial: tag === partialTag,
    bytes,
    start: Math.min(tagsEnd + 1, end),
    end,
    torn: false,
    gapBefore: false,
  };
}

function streamAt(bytes: Buffer, at: number): LogStream | undefined {
  if (isAt(bytes, at, "stdout")) return "stdout";
  if (isAt(bytes, at, "stderr")) return "stderr";
  return undefined;
}

function isAt(bytes: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
