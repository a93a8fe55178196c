import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { sleep } from "../async/abort.js";
import { NotFoundError } from "../errors.js";
import { ChangeWatcher } from "./change-watcher.js";
import type { LogLine, LogRecord } from "./format.js";
import { PartialJoiner } from "./join-partials.js";
import { isMissing } from "./log-file.js";
import { LogReader } from "./log-reader.js";

export interface ReadLogOptions {
  /** Go on with what is written later, until `ended`, `signal` or a `break`. */
  follow?: boolean | undefined;
  /** Of what is there already, only the last so many lines. */
  tail?: number | undefined;
  /** Only lines of this time or later, in nanoseconds since 1970. */
  sinceNs?: bigint | undefined;
  /** Ends the reading with its own reason. */
  signal?: AbortSignal | undefined;
  /** Resolves when nothing will be written any more. What was written by then is still read. */
  ended?: Promise<void> | undefined;
}

/** File events wake the follower; this is for those that got lost. */
const pollMs = 1_000;
/**
 * A runtime that was told to reopen its log may still be writing to the old file when the new one is there
 * already, and one that reports an exit may still have the last line in its hands.
 */
const graceMs = 50;

/**
 * The lines of one log in CRI format, parts of a line put together. Follows over rotation: the old file is
 * held and read to its end, then the new one is read from its beginning.
 *
 * @throws NotFoundError when there is no directory for the log. A file that is not there is an empty log, or
 * with `follow` one that will come.
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncGenerator<LogLine, void> {
  options.ended?.catch(() => {}); // A rejection before the first wait is thrown then.
  options.signal?.throwIfAborted();
  await checkDirectory(path);
  const { sinceNs } = options;
  const reader = new LogReader(path, new PartialJoiner());
  for await (const lines of options.follow ? follow(reader, path, options) : readOnce(reader, options)) {
    for (const line of lines) if (sinceNs === undefined || line.timeNs >= sinceNs) yield line;
  }
}

/**
 * What is written to a log from now on, as it was written: a part of a line comes at once. Follows over
 * rotation, until `ended`, `signal` or a `break`.
 */
export async function followRecords(
  path: string,
  options: Pick<ReadLogOptions, "signal" | "ended">,
): Promise<AsyncGenerator<LogRecord, void>> {
  options.ended?.catch(() => {});
  const reader = new LogReader<LogRecord>(path, {
    push: (record) => ({ ...record, content: Buffer.from(record.content) }),
    flush: () => [],
  });
  await reader.skipToEnd();
  return records(follow(reader, path, options));
}

async function* records(batches: Batches<LogRecord>): AsyncGenerator<LogRecord, void> {
  for await (const batch of batches) yield* batch;
}

// Below, lines go in batches: an async generator costs as much for one line as for a thousand.
type Batches<Item> = AsyncGenerator<Item[], void>;

async function* readOnce<Item>(reader: LogReader<Item>, options: ReadLogOptions): Batches<Item> {
  async function* lines(): Batches<Item> {
    yield* linesToEnd(reader, options.signal);
    yield reader.flush();
  }
  try {
    yield* lastLines(lines(), options.tail);
  } finally {
    await reader.close();
  }
}

async function* follow<Item>(reader: LogReader<Item>, path: string, options: ReadLogOptions): Batches<Item> {
  const { signal } = options;
  const watcher = new ChangeWatcher(path);
  const end = observe(options.ended, () => watcher.wake());
  try {
    yield* lastLines(linesToEnd(reader, signal), options.tail);
    for (let endSeen = false; ; ) {
      watcher.clear();
      yield* linesToEnd(reader, signal);
      const change = await reader.check();
      if (change === "truncated") {
        yield reader.rewind();
      } else if (change === "replaced") {
        await sleep(graceMs, signal);
        yield* linesToEnd(reader, signal);
        yield await reader.next();
      } else if (!end.reached()) {
        await watcher.wait(pollMs, signal);
      } else if (!endSeen) {
        endSeen = true;
        await sleep(graceMs, signal);
      } else {
        yield reader.flush();
        return;
      }
    }
  } finally {
    watcher.close();
    await reader.close();
  }
}

async function* linesToEnd<Item>(reader: LogReader<Item>, signal: AbortSignal | undefined): Batches<Item> {
  for (let lines = await reader.read(); lines; lines = await reader.read()) {
    signal?.throwIfAborted();
    yield lines;
  }
  signal?.throwIfAborted();
}

async function* lastLines<Item>(batches: Batches<Item>, tail: number | undefined): Batches<Item> {
  if (tail === undefined) return yield* batches;
  let last: Item[] = [];
  for await (const lines of batches) last = tail > 0 ? [...last, ...lines].slice(-tail) : [];
  yield last;
}

/** Whether a promise has resolved by now; throws what it was rejected with. */
function observe(promise: Promise<void> | undefined, onSettled: () => void): { reached(): boolean } {
  let reached = false;
  let failure: { error: unknown } | undefined;
  promise
    ?.then(
      () => {
        reached = true;
      },
      (error: unknown) => {
        failure = { error };
      },
    )
    .finally(onSettled);
  return {
    reached() {
      if (failure) throw failure.error;
      return reached;
    },
  };
}

async function checkDirectory(path: string): Promise<void> {
  const directory = dirname(path);
  try {
    await stat(directory);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new NotFoundError(
      `Log directory ${directory} is not on this host: read logs where the runtime runs, with its log directory mounted at the same path`,
      { cause: error },
    );
  }
}
