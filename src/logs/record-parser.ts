import { CriError } from "../errors.js";
import { parseDockerRecord } from "./docker-json.js";
import { type LogRecord, type ParseRecord, parseLogRecord } from "./format.js";

/** A record that is longer comes in pieces, so that a line without an end cannot fill the memory. */
const maxRecordBytes = 1024 * 1024;
/** Docker's can be read only as a whole, having their time at the end. One that is longer is lost, which is a gap. */
const maxDockerBytes = 16 * 1024 * 1024;

const newline = 0x0a;
const brace = 0x7b;

/** The bytes of one log file, from a line's beginning on, as records, wherever the reads happened to end. */
export class RecordParser {
  readonly #path: string;
  readonly #beginsMidway: boolean;
  /** Known from the first line on. */
  #parse: ParseRecord | undefined;
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** The record whose first pieces have been given. */
  #begun: LogRecord | undefined;
  /** Something was passed over that is no record. */
  #skipped = false;
  /** It has not ended yet. */
  #isSkipping = false;

  /** `beginsMidway`: the first line need not be a record, as it is in a log that is read from its beginning. */
  constructor(path: string, { beginsMidway = false } = {}) {
    this.#path = path;
    this.#beginsMidway = beginsMidway;
  }

  /** What came last has no line end yet. */
  get isTorn(): boolean {
    return this.#restBytes > 0 || this.#begun !== undefined;
  }

  /** The records that these bytes complete. They lie in `chunk`. */
  push(chunk: Buffer): LogRecord[] {
    const records: LogRecord[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      if (this.#restBytes > 0) this.#takeAll(this.#withRest(chunk.subarray(start, end)), true, records);
      else this.#take(chunk, start, end, true, records);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#rest.push(Buffer.from(chunk.subarray(start)));
      this.#restBytes += chunk.length - start;
      if (this.#restBytes >= this.#maxRestBytes()) this.#takeAll(this.#withRest(), false, records);
    }
    return records;
  }

  /** What came after the last line end, when nothing more will come. */
  end(): LogRecord[] {
    const records: LogRecord[] = [];
    if (this.#restBytes > 0) this.#takeAll(this.#withRest(), false, records);
    this.#begun = undefined;
    return records.map((record) => ({ ...record, partial: true, torn: true }));
  }

  #maxRestBytes(): number {
    const isDocker = this.#parse ? this.#parse === parseDockerRecord : this.#rest[0]?.[0] === brace;
    return isDocker ? maxDockerBytes : maxRecordBytes;
  }

  #withRest(tail?: Buffer): Buffer {
    const bytes = Buffer.concat(tail ? [...this.#rest, tail] : this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    return bytes;
  }

  #takeAll(line: Buffer, whole: boolean, records: LogRecord[]): void {
    this.#take(line, 0, line.length, whole, records);
  }

  #take(bytes: Buffer, start: number, end: number, whole: boolean, records: LogRecord[]): void {
    const record = this.#begun
      ? { ...this.#begun, bytes, start, end }
      : this.#parseLine(bytes, start, end, whole);
    if (record) addInPieces(whole ? record : { ...record, partial: true }, records);
    this.#begun = whole ? undefined : record && { ...record, gapBefore: false };
  }

  #parseLine(bytes: Buffer, from: number, end: number, whole: boolean): LogRecord | undefined {
    if (this.#isSkipping) {
      this.#isSkipping = !whole;
      return undefined;
    }
    const start = afterHole(bytes, from, end);
    if (start === end && (!whole || start > from)) return undefined;
    const parse = this.#parse ?? (bytes[start] === brace ? parseDockerRecord : parseLogRecord);
    const record = parse(bytes, start, end);
    if (!record) {
      if (!this.#parse && whole && !this.#beginsMidway) throw notALog(this.#path);
      this.#skipped = true;
      this.#isSkipping = !whole;
      return undefined;
    }
    this.#parse = parse;
    if (!this.#skipped) return record;
    this.#skipped = false;
    return { ...record, gapBefore: true };
  }
}

function addInPieces(record: LogRecord, records: LogRecord[]): void {
  let { start, gapBefore } = record;
  for (; record.end - start > maxRecordBytes; start += maxRecordBytes) {
    records.push({ ...record, start, end: start + maxRecordBytes, partial: true, gapBefore });
    gapBefore = false;
  }
  records.push(start === record.start ? record : { ...record, start, gapBefore });
}

/** Who goes on writing where it was after its file was truncated leaves zeros before the line. */
function afterHole(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === 0) at += 1;
  return at;
}

function notALog(path: string): CriError {
  return new CriError(
    "data_loss",
    `Log ${path} does not begin with a line in CRI's format (TIME STREAM TAG CONTENT) or Docker's (JSON): it was written by something else than a CRI runtime`,
  );
}
