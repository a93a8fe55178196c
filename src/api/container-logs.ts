import { existsSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { sleep } from "../async/abort.js";
import { CriError, NotFoundError } from "../errors.js";
import { hostPath } from "../logs/host-path.js";
import { limitBytes } from "../logs/limit-bytes.js";
import { eachLine, type LineSink } from "../logs/line-sink.js";
import { ChunkSink, type LogChunk } from "../logs/log-chunk.js";
import { type LogLine, type RawLogLine, toLogLine, toRawLogLine } from "../logs/log-line.js";
import { readLog } from "../logs/read-log.js";
import type { CallOptions } from "../services/call-options.js";
import { type ContainerStatus, toContainerStatus } from "./container-status.js";
import type { ApiContext } from "./context.js";
import { observeLog } from "./log-operation.js";
import { checkLogOptions, type LogOptions, type LogRange } from "./log-options.js";
import { limitTime } from "./time-limit.js";
import { waitForExit } from "./wait.js";

/** Reads the log file itself: CRI has no RPC for it. */
export function containerLogs(
  context: ApiContext,
  containerId: string,
  options: LogOptions,
): AsyncGenerator<LogLine | RawLogLine, void, undefined> {
  const sink = eachLine<LogLine | RawLogLine>(options.encoding === "buffer" ? toRawLogLine : toLogLine);
  const lines = readItems(context, containerId, sink, options, checkLogOptions(options));
  return observeLog(context, subjectOf(containerId, options), lines, () => 1);
}

/** The same, many lines at once. */
export function containerLogChunks(
  context: ApiContext,
  containerId: string,
  options: LogOptions,
): AsyncGenerator<LogChunk, void, undefined> {
  const chunks = readItems(context, containerId, new ChunkSink(), options, checkLogOptions(options));
  return observeLog(context, subjectOf(containerId, options), chunks, ({ lines }) => lines);
}

function subjectOf(id: string, { follow = false }: LogOptions): { id: string; follow: boolean } {
  return { id, follow };
}

async function* readItems<Item extends LogLine | RawLogLine | LogChunk>(
  context: ApiContext,
  containerId: string,
  sink: LineSink<Item>,
  options: LogOptions,
  range: LogRange,
): AsyncGenerator<Item[], void> {
  const { headers, follow = false, previous = false } = options;
  const limit = limitTime(options, `Reading the log of container ${containerId}`);
  const { signal } = limit;
  const left = new AbortController();
  const leave = () => left.abort(signal?.reason);
  try {
    const response = await context.runtime.containerStatus({ containerId }, { signal, headers });
    const path = await logPath(context, toContainerStatus(containerId, response), previous);
    signal?.addEventListener("abort", leave, { once: true });
    const call = { signal: left.signal, headers };
    const ended = follow ? endOf(context, containerId, range.untilNs, call) : undefined;
    const items = readLog(path, sink, { ...range, follow, signal, ended });
    yield* range.limitBytes === undefined ? items : limitBytes(items, range.limitBytes);
  } finally {
    signal?.removeEventListener("abort", leave);
    left.abort();
    limit[Symbol.dispose]();
  }
}

async function logPath(
  { hostRoot }: ApiContext,
  { id, logPath, metadata: { attempt } }: ContainerStatus,
  previous: boolean,
): Promise<string> {
  if (logPath === "") {
    throw new CriError(
      "failed_precondition",
      `Container ${id} keeps no log: set log_directory in its pod's config and log_path in its own`,
    );
  }
  if (!previous) return hostPath(hostRoot, logPath);
  if (attempt === 0) throw new NotFoundError(`Container ${id} is the first attempt: there is none before it`);
  const path = await hostPath(hostRoot, join(dirname(logPath), `${attempt - 1}${extname(logPath)}`));
  if (existsSync(path)) return path;
  throw new NotFoundError(`The log ${path} of the attempt before container ${id} is not there any more`);
}

/** A container that was removed writes no more either. */
async function endOf(
  context: ApiContext,
  containerId: string,
  untilNs: bigint | undefined,
  options: CallOptions,
): Promise<void> {
  const ends = [waitForExit(context, containerId, options).then(() => {})];
  if (untilNs !== undefined) ends.push(sleepUntil(Number(untilNs / 1_000_000n), options.signal));
  try {
    await Promise.race(ends);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/** Timers hold 24 days. */
const longestSleepMs = 24 * 3_600_000;

async function sleepUntil(time: number, signal: AbortSignal | undefined): Promise<void> {
  for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
    await sleep(Math.min(left, longestSleepMs), signal);
  }
}
