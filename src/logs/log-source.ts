import { parseDockerRecord } from "./docker-json.js";
import { parseLogRecord } from "./format.js";
import { timeNsOf } from "./timestamp.js";

/** One file of a log, held open and read forward: whatever becomes of its name, it can be read to its end. */
export interface LogSource {
  /** Device and inode. */
  readonly identity: string;
  /** How much there was to read when it was opened, about. */
  readonly sizeBytes: number;
  /** When it was written to last by then, in nanoseconds since 1970. */
  readonly writtenNs: bigint;
  /** Something of it lies before what is read next. */
  readonly isMidway: boolean;
  /** The first bytes: they tell a log apart from others, and are the same in its copies. */
  head(): Promise<Buffer>;
  /** The next bytes; none at the end there is now. Valid until the next read. */
  read(): Promise<Buffer>;
  /** The next read begins where a line does: the first one at this offset or later. */
  seekLine(offset: number): Promise<void>;
  /** Goes on where the reading of another file stopped; false when this is no copy of that, or a shorter one. */
  resume(position: Position): Promise<boolean>;
  close(): Promise<void>;
}

/** Where a file has been read to, and the bytes before: they tell whether another file goes on there. */
export interface Position {
  readonly offset: number;
  readonly known: Buffer;
}

/** Enough to hold one record of any runtime's default, which is what a copy is known by. */
export const headBytes = 128 * 1024;
const comparedBytes = 1024;

/** Whether two files hold the same log: one file, or a copy of it that may be longer or compressed. */
export async function isSameLog(a: LogSource, b: LogSource): Promise<boolean> {
  return a.identity === b.identity || beginAlike(await a.head(), await b.head());
}

export function beginAlike(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length, comparedBytes);
  return length > 0 && a.subarray(0, length).equals(b.subarray(0, length));
}

/** The time of the first record; undefined where there is none in any known format. */
export function firstTime(head: Buffer): bigint | undefined {
  const newline = head.indexOf("\n");
  const end = newline < 0 ? head.length : newline;
  const record = parseLogRecord(head, 0, end) ?? parseDockerRecord(head, 0, end);
  return record && timeNsOf(record);
}
