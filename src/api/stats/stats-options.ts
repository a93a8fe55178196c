import { sleep } from "../../async/abort.js";
import { InvalidArgumentError } from "../../errors.js";
import type { CallOptions } from "../../services/call-options.js";
import { limitedCall, limitTime } from "../time-limit.js";
import { CpuRates } from "./cpu-rates.js";

/** How usage is measured. */
export interface StatsOptions extends CallOptions {
  /**
   * Take two samples this far apart, in milliseconds, and tell the use of the processor between them. Unless told it
   * is what the runtime itself says of the time before, and some runtimes say nothing. A runtime that answers from a
   * cache (containerd 2 and CRI-O may) needs a window that is longer than it keeps an answer, 10 s and more.
   */
  windowMs?: number | undefined;
}

/** Reads once, or twice for the rates. `timeoutMs` is for the whole. */
export async function measure<T>(
  what: string,
  { windowMs = 0, ...call }: StatsOptions,
  read: (rates: CpuRates, call: CallOptions) => Promise<T>,
): Promise<T> {
  checkSpan("windowMs", windowMs, { least: 0 });
  const rates = new CpuRates();
  using limit = limitTime(call, what);
  const each = limitedCall(call, limit);
  const only = await read(rates, each);
  if (windowMs === 0) return only;
  await sleep(windowMs, limit.signal);
  return read(rates, each);
}

/** What a timer can wait, 24 days. */
const mostMs = 2 ** 31 - 1;

/** @throws InvalidArgumentError when it is none that can be waited for. */
export function checkSpan(field: string, ms: number, { least }: { least: number }): void {
  if (ms >= least && ms <= mostMs) return;
  throw new InvalidArgumentError(`Option ${field} is ${ms}: give milliseconds from ${least} to ${mostMs}`, {
    field,
  });
}
