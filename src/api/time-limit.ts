import { setMaxListeners } from "node:events";
import { DeadlineError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";

/** For work of many calls: one signal that aborts with the caller's reason or at the end of the time. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal | undefined;
}

/** `timeoutMs` here is for the whole of the work; past it the signal's reason is a `DeadlineError`. */
export function limitTime({ signal, timeoutMs = 0 }: CallOptions, what: string): TimeLimit {
  if (timeoutMs <= 0) return { signal, [Symbol.dispose]: () => {} };
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  const timer = setTimeout(() => {
    controller.abort(new DeadlineError(`${what} was not done within ${timeoutMs} ms`));
  }, timeoutMs);
  if (signal) setMaxListeners(0, signal); // One signal for many waits is common, and no leak.
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** For each of the calls: a limit of 0 is none for them either, any other is the signal's to keep. */
export function limitedCall({ headers, timeoutMs }: CallOptions, { signal }: TimeLimit): CallOptions {
  return { headers, signal, ...(timeoutMs === 0 && { timeoutMs }) };
}
