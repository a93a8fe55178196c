import { sleep } from "../../async/abort.js";
import type { ReadProbe } from "../manifest/schema/probe.js";
import { type ActionOptions, type ActionTarget, execAction, httpAction, tcpAction } from "./actions.js";
import { grpcAction } from "./grpc-action.js";

/** The outcome of a probe has changed; `message` says why it has failed. */
export interface Verdict {
  readonly passed: boolean;
  readonly message: string;
}

export interface ProbingOptions {
  /** When the container was started, by `performance.now()`: the initial delay counts from there. */
  readonly startedAt: number;
  readonly signal: AbortSignal;
  /** Each single failure. */
  onFailure(message: string): void;
}

/**
 * Probes a container again and again. Yields when so many successes or failures have come in a row as the probe's
 * thresholds say, and then again only when that has turned, or at each further failure of that many.
 */
export async function* probing(
  target: ActionTarget,
  probe: ReadProbe,
  { startedAt, signal, onFailure }: ProbingOptions,
): AsyncGenerator<Verdict, void, undefined> {
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold } = probe;
  const options = { signal, timeoutMs: timeoutSeconds * 1000 };
  let passed: boolean | undefined;
  let inRow = { isSuccess: true, count: 0 };
  await sleep(startedAt + initialDelaySeconds * 1000 - performance.now(), signal);
  for (;;) {
    const message = await failureOf(target, probe, options);
    const isSuccess = message === undefined;
    if (message !== undefined) onFailure(message);
    inRow = { isSuccess, count: inRow.isSuccess === isSuccess ? inRow.count + 1 : 1 };
    const threshold = isSuccess ? successThreshold : failureThreshold;
    if (inRow.count >= threshold && passed !== isSuccess) {
      passed = isSuccess;
      yield { passed, message: message ?? "" };
    }
    await sleep(periodSeconds * 1000, signal);
  }
}

async function failureOf(
  target: ActionTarget,
  { exec, httpGet, tcpSocket, grpc }: ReadProbe,
  options: ActionOptions,
): Promise<string | undefined> {
  try {
    if (exec) await execAction(target, exec.command, options);
    if (httpGet) await httpAction(target, httpGet, options);
    if (tcpSocket) await tcpAction(target, tcpSocket, options);
    if (grpc) await grpcAction(target, grpc, options);
    return undefined;
  } catch (error) {
    options.signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}
