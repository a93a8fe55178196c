import { contentOf, type LogRecord } from "./format.js";
import type { LogStream } from "./head-reader.js";
import type { LineSink } from "./line-sink.js";
import { timeNsOf } from "./timestamp.js";

/** So that output that never ends its line cannot fill the memory. */
const maxLineBytes = 1024 * 1024;

interface Pending {
  head: LogRecord;
  parts: Buffer[];
  bytes: number;
}

export interface JoinOptions {
  /** Lines that it refuses for their time or stream are left out. */
  readonly wants: (head: LogRecord) => boolean;
  /** So many of the first lines are left out as well; none unless told. */
  readonly skip?: number;
}

/**
 * Puts partial records together, each stream for itself: the two streams' parts may come in turns. A line
 * has the time of its first part, and is made of all bytes at once, since a runtime cuts between bytes.
 */
export class PartialJoiner<Item> {
  readonly #sink: LineSink<Item>;
  readonly #wants: (head: LogRecord) => boolean;
  readonly #pending = new Map<LogStream, Pending>();
  #skip: number;
  #gap = false;

  constructor(sink: LineSink<Item>, { wants, skip = 0 }: JoinOptions) {
    this.#sink = sink;
    this.#wants = wants;
    this.#skip = skip;
  }

  /** What becomes of the lines that these records complete. */
  push(records: readonly LogRecord[]): Item[] {
    for (const record of records) {
      if (record.gapBefore) {
        this.#flush(true);
        this.#gap = true;
      }
      const pending = this.#pending.get(record.stream);
      if (pending || record.partial) this.#join(record, pending);
      else this.#give(record);
    }
    return this.#sink.take();
  }

  /** The lines that will not be completed any more, oldest first. */
  flush(): Item[] {
    this.#flush(false);
    return this.#sink.take();
  }

  #flush(torn: boolean): void {
    for (const [stream, pending] of [...this.#pending].sort(byTime)) {
      this.#pending.delete(stream);
      this.#give(whole(pending, { partial: true, torn }));
    }
  }

  #join(record: LogRecord, begun: Pending | undefined): void {
    const pending = begun ?? { head: record, parts: [], bytes: 0 };
    const part = Buffer.from(contentOf(record));
    pending.parts.push(part);
    pending.bytes += part.length;
    if (record.partial && !record.torn && pending.bytes < maxLineBytes) {
      this.#pending.set(record.stream, pending);
      return;
    }
    this.#pending.delete(record.stream);
    this.#give(whole(pending, record));
  }

  #give(line: LogRecord): void {
    if (!this.#wants(line)) return;
    if (this.#skip > 0) this.#skip -= 1;
    else this.#sink.add(this.#gap ? { ...line, gapBefore: true } : line);
    this.#gap = false;
  }
}

function whole({ head, parts }: Pending, { partial, torn }: Pick<LogRecord, "partial" | "torn">): LogRecord {
  const bytes = Buffer.concat(parts);
  return { ...head, bytes, start: 0, end: bytes.length, partial, torn };
}

function byTime([, a]: [LogStream, Pending], [, b]: [LogStream, Pending]): number {
  return Number(timeNsOf(a.head) - timeNsOf(b.head));
}
