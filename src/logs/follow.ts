import { sleep } from "../async/abort.js";
import { ChangeWatcher } from "./change-watcher.js";
import { contentOf, type LogRecord } from "./format.js";
import { LogFile } from "./log-file.js";
import { LogSeries } from "./log-series.js";

export interface FollowOptions {
  /** Ends the reading with its own reason. */
  signal?: AbortSignal | undefined;
  /** Resolves when nothing will be written any more. What was written by then is still read. */
  ended?: Promise<void> | undefined;
}

/** File events wake the follower; this is for those that got lost. */
const pollMs = 1_000;
/** A runtime that reports an exit may still have the last line in its hands. */
const graceMs = 50;

/**
 * What is written to a log from now on, as it was written: a part of a line comes at once. Follows over
 * rotation, until `ended`, `signal` or a `break`.
 */
export async function followRecords(
  path: string,
  options: FollowOptions,
): Promise<AsyncGenerator<LogRecord, void>> {
  options.ended?.catch(() => {});
  const file = LogFile.open(path);
  await file?.skipToEnd();
  const series = new LogSeries(path, file ? [file] : [], { signal: options.signal });
  return eachRecord(series, path, options);
}

async function* eachRecord(
  series: LogSeries,
  path: string,
  options: FollowOptions,
): AsyncGenerator<LogRecord, void> {
  try {
    for await (const records of followSeries(series, path, options)) {
      for (const record of records) yield detached(record);
    }
    yield* series.end();
  } finally {
    await series.close();
  }
}

/** Where it lies is used again for what comes next. */
function detached(record: LogRecord): LogRecord {
  const bytes = Buffer.from(contentOf(record));
  return { ...record, bytes, start: 0, end: bytes.length };
}

/** Goes on until nothing will be written any more. In batches: an async generator costs as much for one as for a thousand. */
export async function* followSeries(
  series: LogSeries,
  path: string,
  { signal, ended }: FollowOptions,
): AsyncGenerator<LogRecord[], void> {
  const watcher = new ChangeWatcher(path, () => {
    try {
      series.onRename();
    } catch {
      // A file that cannot be opened: `advance` meets it as well, and can throw.
    }
  });
  const end = observe(ended, () => watcher.wake());
  try {
    for (let endSeen = false; ; ) {
      watcher.clear();
      yield* toEnd(series, signal);
      if (await series.advance()) continue;
      if (!end.reached()) {
        await watcher.wait(pollMs, signal);
      } else if (!endSeen) {
        endSeen = true;
        await sleep(graceMs, signal);
      } else {
        return;
      }
    }
  } finally {
    watcher.close();
  }
}

/** All that there is by now. */
export async function* toEnd(
  series: LogSeries,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogRecord[], void> {
  signal?.throwIfAborted();
  for (let records = await series.read(); records; records = await series.read()) {
    yield records;
    signal?.throwIfAborted();
  }
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
