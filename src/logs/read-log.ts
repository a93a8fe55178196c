import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CriError, NotFoundError } from "../errors.js";
import { type FollowOptions, followSeries, toEnd } from "./follow.js";
import type { LogRecord } from "./format.js";
import type { LogStream } from "./head-reader.js";
import { PartialJoiner } from "./join-partials.js";
import type { LineSink } from "./line-sink.js";
import { isMissing, LogFile } from "./log-file.js";
import { LogSeries } from "./log-series.js";
import type { LogSource } from "./log-source.js";
import { filesBefore } from "./successors.js";
import { seekTail } from "./tail.js";
import { timeNsOf } from "./timestamp.js";

export interface ReadLogOptions extends FollowOptions {
  /** Go on with what is written later, until `ended`, `signal` or a `break`. */
  follow?: boolean | undefined;
  /** Begin with what rotations have put away; false: with the file at the path. */
  history?: boolean | undefined;
  /** Of the lines that are there already and not left out by what follows, only the last so many. */
  tail?: number | undefined;
  /** Only lines of this time or later, in nanoseconds since 1970. */
  sinceNs?: bigint | undefined;
  /** Only lines of this time or before. */
  untilNs?: bigint | undefined;
  streams?: readonly LogStream[] | undefined;
}

/**
 * What `sink` makes of the lines of one log, parts of a line put together, in batches.
 *
 * @throws NotFoundError when there is no directory for the log. A file that is not there is an empty log, or
 * with `follow` one that will come.
 */
export async function* readLog<Item>(
  path: string,
  sink: LineSink<Item>,
  options: ReadLogOptions = {},
): AsyncGenerator<Item[], void> {
  options.ended?.catch(() => {}); // A rejection before the first wait is thrown then.
  options.signal?.throwIfAborted();
  const { signal, follow = false } = options;
  const wants = wantsOf(options);
  let sources: LogSource[] = [];
  let series: LogSeries | undefined;
  try {
    await checkDirectory(path);
    if (options.tail === 0 && !follow) return;
    const opened = await openSources(path, options);
    sources = opened.sources;
    const skip = await seekStart(path, sources, { ...options, wants });
    series = new LogSeries(path, sources, { signal, begunNs: opened.begunNs });
    const joiner = new PartialJoiner(sink, { wants, skip });
    for await (const records of follow ? followSeries(series, path, options) : toEnd(series, signal)) {
      yield joiner.push(records);
    }
    yield joiner.push(series.end());
    yield joiner.flush();
  } catch (error) {
    throw explain(path, error);
  } finally {
    if (series) await series.close();
    else for (const source of sources) await source.close();
  }
}

function wantsOf({ streams, sinceNs, untilNs }: ReadLogOptions): (head: LogRecord) => boolean {
  return (head) =>
    (streams === undefined || streams.includes(head.stream)) &&
    (sinceNs === undefined || timeNsOf(head) >= sinceNs) &&
    (untilNs === undefined || timeNsOf(head) <= untilNs);
}

/** What there is now. Without history, no `begunNs`: nothing that came before is looked for. */
async function openSources(
  path: string,
  options: ReadLogOptions,
): Promise<{ sources: LogSource[]; begunNs?: bigint }> {
  // The live file first: one that is rotated meanwhile is then told apart as one that is open already.
  const live = LogFile.open(path);
  const last = live ? [live] : [];
  try {
    if (options.history === false || options.tail === 0) return { sources: last };
    const { files, begunNs } = await filesBefore(path, live, options.sinceNs);
    return { sources: [...files, ...last], begunNs };
  } catch (error) {
    await live?.close();
    throw error;
  }
}

async function seekStart(
  path: string,
  sources: LogSource[],
  { tail, follow = false, wants }: ReadLogOptions & { wants: (head: LogRecord) => boolean },
): Promise<number> {
  if (tail === undefined) return 0;
  const [live] = sources;
  if (tail === 0 && live instanceof LogFile) {
    await live.skipToEnd();
    return 0;
  }
  const { skip } = await seekTail(path, sources, { tail, wants, isWhole: !follow });
  return skip;
}

async function checkDirectory(path: string): Promise<void> {
  const directory = dirname(path);
  try {
    await stat(directory);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new NotFoundError(
      `Log directory ${directory} is not on this host: read logs where the runtime runs, with its log directory mounted at the same path or below connect()'s hostRoot`,
      { cause: error },
    );
  }
}

function explain(path: string, error: unknown): unknown {
  const isDenied =
    error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM");
  if (!isDenied) return error;
  return new CriError("permission_denied", `Log ${path} may not be read by this user: run as root`, {
    cause: error,
  });
}
