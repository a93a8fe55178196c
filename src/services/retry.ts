import { sleep } from "../async/abort.js";
import { Backoff } from "../async/backoff.js";

/** In all five seconds at most: a runtime that restarts is back by then, and a call that cannot work has not hung. */
export const defaultRetries = 5;
const delays = { minMs: 200, maxMs: 2_000 };

/** A try that failed, and when the next one comes. */
export interface Retry {
  readonly error: unknown;
  /** How many were made so far. */
  readonly tries: number;
  readonly delayMs: number;
}

export interface RetryRules {
  /** How often to try again after the first failure. */
  readonly retries: number;
  /** For all tries and the pauses between them, in milliseconds; 0 for no limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  isWorthRetry(error: unknown): boolean;
  onRetry?(retry: Retry): void;
}

/**
 * Makes attempts until one succeeds, at most so many. The pauses between them grow, and are any part of what they
 * could be: clients that lost a runtime at one moment are not to come back at one moment. An abort ends a pause with
 * the signal's own reason.
 */
export async function withRetries<T>(
  rules: RetryRules,
  attempt: (leftMs: number, tries: number) => Promise<T>,
): Promise<T> {
  const { retries, timeoutMs, signal } = rules;
  const startedAt = performance.now();
  let backoff: Backoff | undefined;
  let leftMs = timeoutMs;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(leftMs, tries);
    } catch (error) {
      backoff ??= new Backoff(delays);
      const delayMs = Math.random() * backoff.next();
      if (timeoutMs > 0) leftMs = timeoutMs - (performance.now() - startedAt) - delayMs;
      const isOver = tries > retries || leftMs < 0 || (timeoutMs > 0 && leftMs === 0);
      if (isOver || !rules.isWorthRetry(error)) throw error;
      rules.onRetry?.({ error, tries, delayMs });
      await sleep(delayMs, signal);
    }
  }
}
