import type { LogRecord, LogStream } from "./format.js";
import type { MakeLine } from "./log-line.js";

/** So that output that never ends its line cannot fill the memory. */
const maxLineBytes = 1024 * 1024;

interface Pending {
  head: LogRecord;
  parts: Buffer[];
  bytes: number;
}

/**
 * Puts partial records together, each stream for itself: the two streams' parts may come in turns. A line
 * has the time of its first part, and is made of all bytes at once, since a runtime cuts between bytes.
 */
export class PartialJoiner<Line> {
  readonly #make: MakeLine<Line>;
  readonly #wants: (head: LogRecord) => boolean;
  readonly #pending = new Map<LogStream, Pending>();
  #gap = false;

  /** Lines that `wants` refuses for their time or stream are left out. */
  constructor(make: MakeLine<Line>, wants: (head: LogRecord) => boolean) {
    this.#make = make;
    this.#wants = wants;
  }

  /** The lines that these records complete. */
  push(records: readonly LogRecord[]): Line[] {
    const lines: Line[] = [];
    for (const record of records) {
      if (record.gapBefore) {
        lines.push(...this.flush());
        this.#gap = true;
      }
      const pending = this.#pending.get(record.stream);
      if (pending || record.partial) this.#join(record, pending, lines);
      else this.#give(record, record.content, false, lines);
    }
    return lines;
  }

  /** The lines that will not be completed any more, oldest first. */
  flush(): Line[] {
    const lines: Line[] = [];
    for (const [stream, { head, parts }] of [...this.#pending].sort(byTime)) {
      this.#pending.delete(stream);
      this.#give(head, Buffer.concat(parts), true, lines);
    }
    return lines;
  }

  #join(record: LogRecord, pending: Pending | undefined, lines: Line[]): void {
    const line = pending ?? { head: record, parts: [], bytes: 0 };
    line.parts.push(Buffer.from(record.content));
    line.bytes += record.content.length;
    if (record.partial && !record.torn && line.bytes < maxLineBytes) {
      this.#pending.set(record.stream, line);
      return;
    }
    this.#pending.delete(record.stream);
    this.#give(line.head, Buffer.concat(line.parts), record.partial, lines);
  }

  #give(head: LogRecord, content: Buffer, partial: boolean, lines: Line[]): void {
    if (!this.#wants(head)) return;
    lines.push(this.#make(this.#gap ? { ...head, gapBefore: true } : head, content, partial));
    this.#gap = false;
  }
}

function byTime([, a]: [LogStream, Pending], [, b]: [LogStream, Pending]): number {
  return a.head.timeNs < b.head.timeNs ? -1 : a.head.timeNs > b.head.timeNs ? 1 : 0;
}
