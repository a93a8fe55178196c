import { type LogLine, type LogRecord, type LogStream, toLogLine } from "./format.js";

/** So that output that never ends its line cannot fill the memory. */
const maxLineBytes = 1024 * 1024;

interface Pending {
  head: LogRecord;
  parts: Buffer[];
  bytes: number;
}

/**
 * Puts partial records together, each stream for itself: the two streams' parts may come in turns. A line
 * has the time of its first part, and is decoded as a whole, since a runtime cuts between bytes.
 */
export class PartialJoiner {
  readonly #pending = new Map<LogStream, Pending>();

  /** The line that this record completes, if it completes one. */
  push(record: LogRecord): LogLine | undefined {
    const pending = this.#pending.get(record.stream);
    if (!pending && !record.partial) return toLogLine(record, record.content, false);

    const line = pending ?? { head: record, parts: [], bytes: 0 };
    line.parts.push(Buffer.from(record.content));
    line.bytes += record.content.length;
    this.#pending.set(record.stream, line);
    if (record.partial && line.bytes < maxLineBytes) return undefined;
    return this.#take(record.stream, record.partial);
  }

  /** The lines that will not be completed any more, oldest first. */
  flush(): LogLine[] {
    return (["stdout", "stderr"] as const)
      .flatMap((stream) => this.#take(stream, true) ?? [])
      .sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  }

  #take(stream: LogStream, partial: boolean): LogLine | undefined {
    const pending = this.#pending.get(stream);
    if (!pending) return undefined;
    this.#pending.delete(stream);
    return toLogLine(pending.head, Buffer.concat(pending.parts), partial);
  }
}
