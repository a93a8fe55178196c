import { CriError, NotFoundError } from "../errors.js";
import { readLog } from "../logs/follow.js";
import type { LogLine } from "../logs/format.js";
import type { CallOptions } from "../services/call-options.js";
import { toContainerStatus } from "./container-status.js";
import type { ApiContext } from "./context.js";
import { limitTime } from "./time-limit.js";
import { waitForExit } from "./wait.js";

/** Which lines of a container's log to read, and whether to go on. */
export interface LogOptions extends CallOptions {
  /** How long reading and following may take as a whole, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /** Go on with what the container writes from now on, until it has ended and its log is read. */
  follow?: boolean | undefined;
  /** Of what is there already, only the last so many lines. */
  tail?: number | undefined;
  /** Only lines of this time or later. */
  since?: Date | undefined;
}

/** Reads the log file itself: CRI has no RPC for it. */
export async function* containerLogs(
  context: ApiContext,
  containerId: string,
  options: LogOptions,
): AsyncGenerator<LogLine, void, undefined> {
  const { headers, follow = false, tail, since } = options;
  const limit = limitTime(options, `Reading the log of container ${containerId}`);
  const { signal } = limit;
  const left = new AbortController();
  const leave = () => left.abort(signal?.reason);
  try {
    const response = await context.runtime.containerStatus({ containerId }, { signal, headers });
    const { logPath } = toContainerStatus(containerId, response);
    if (logPath === "") {
      throw new CriError(
        "failed_precondition",
        `Container ${containerId} keeps no log: set log_directory in its pod's config and log_path in its own`,
      );
    }
    signal?.addEventListener("abort", leave, { once: true });
    const ended = follow ? endOf(context, containerId, { signal: left.signal, headers }) : undefined;
    const sinceNs = since && BigInt(since.getTime()) * 1_000_000n;
    yield* readLog(logPath, { follow, tail, sinceNs, signal, ended });
  } finally {
    signal?.removeEventListener("abort", leave);
    left.abort();
    limit[Symbol.dispose]();
  }
}

/** A container that was removed writes no more either. */
async function endOf(context: ApiContext, containerId: string, options: CallOptions): Promise<void> {
  try {
    await waitForExit(context, containerId, options);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
