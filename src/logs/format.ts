import { type Timestamp, TimestampReader } from "./timestamp.js";

/** The output of a container that a line was written to. */
export type LogStream = "stdout" | "stderr";

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

const space = 0x20;
const colon = 0x3a;
const partialTag = 0x50;
const fullTag = 0x46;
const letter = { d: 0x64, e: 0x65, o: 0x6f, r: 0x72, s: 0x73, t: 0x74, u: 0x75 } as const;
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
    second: time.second,
    nanos: time.nanos,
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
  if (bytes[at] !== letter.s || bytes[at + 1] !== letter.t || bytes[at + 2] !== letter.d) return undefined;
  const [first, second, third] = [bytes[at + 3], bytes[at + 4], bytes[at + 5]];
  if (first === letter.o && second === letter.u && third === letter.t) return "stdout";
  if (first === letter.e && second === letter.r && third === letter.r) return "stderr";
  return undefined;
}
