import { sleep } from "../../async/abort.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import type { PodFilter } from "../lists/pod-filter.js";
import { isPassing } from "../passing.js";
import { limitedCall, limitTime } from "../time-limit.js";
import { CpuRates } from "./cpu-rates.js";
import { listPodStats } from "./list-pod-stats.js";
import type { PodStats } from "./pod-stats.js";
import { checkSpan } from "./stats-options.js";

/** How often samples are taken, and how long. */
export interface StatsStreamOptions extends CallOptions {
  /** From the beginning of one sample to that of the next, in milliseconds; 1000 unless told. */
  intervalMs?: number | undefined;
  /** How long to take samples, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
}

/** What all pods use at one time. */
export interface StatsSample {
  /** When it was asked for. Each figure has the time at which it was measured. */
  readonly takenAt: Date;
  /** Those that are ready, newest first. */
  readonly pods: readonly PodStats[];
}

export async function* watchStats(
  context: ApiContext,
  filter: PodFilter,
  { intervalMs = 1_000, ...options }: StatsStreamOptions,
): AsyncGenerator<StatsSample, void, undefined> {
  checkSpan("intervalMs", intervalMs, { least: 1 });
  const rates = new CpuRates();
  using limit = limitTime(options, "The stats");
  const call = limitedCall(options, limit);
  let hasBegun = false;
  for (;;) {
    const startedAt = performance.now();
    const takenAt = new Date();
    const pods = await listPodStats(context, filter, rates, call).catch((error: unknown) => {
      limit.signal?.throwIfAborted();
      // A runtime that restarts is back soon: its pods run on.
      if (!hasBegun || !isPassing(error)) throw error;
      return undefined;
    });
    if (pods) {
      hasBegun = true;
      rates.keep(new Set(pods.flatMap(({ id, containers }) => [id, ...containers.map((each) => each.id)])));
      yield { takenAt, pods };
    }
    await sleep(Math.max(0, startedAt + intervalMs - performance.now()), limit.signal);
  }
}
