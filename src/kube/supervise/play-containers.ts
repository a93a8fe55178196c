import { CriError } from "../../errors.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import type { ContainerEnd } from "../status.js";
import type { ContainerRun, KeptContainer } from "./container-run.js";
import type { Sandbox } from "./pod-context.js";

type RestartPolicy = ReadPod["spec"]["restartPolicy"];

export interface PodContainers {
  readonly inits: readonly ContainerRun[];
  readonly mains: readonly ContainerRun[];
}

export interface PlayContainersOptions {
  readonly sandbox: Sandbox;
  readonly restartPolicy: RestartPolicy;
  readonly signal: AbortSignal;
  /** All main containers run. */
  onLaunched(): void;
}

/**
 * Runs the init containers to their end and the sidecars up to their start, in order; then the main containers, until
 * each has ended for good. Gives their ends.
 */
export async function playContainers(
  { inits, mains }: PodContainers,
  { sandbox, restartPolicy, signal, onLaunched }: PlayContainersOptions,
): Promise<ContainerEnd[]> {
  for (const run of inits) {
    if (run.isSidecar) await run.keep(sandbox, signal, () => false).started;
    else await runToSuccess(run, { sandbox, restartPolicy, signal });
  }
  const kept: KeptContainer[] = [];
  for (const run of mains) {
    const isLast = (end: ContainerEnd) => isFinal(restartPolicy, end);
    const { lastEnd } = run.state.status;
    // In a new sandbox what has done its work is not done again.
    if (lastEnd && isFinal(restartPolicy, lastEnd)) continue;
    const container = run.keep(sandbox, signal, isLast);
    kept.push(container);
    await container.launched;
  }
  onLaunched();
  await Promise.all(kept.map(({ ended }) => ended));
  return mains.flatMap(({ state }) => state.status.lastEnd ?? []);
}

/** Stops the main containers at the same time, then the sidecars, the last one first. Gives what failed. */
export async function stopContainers(
  { inits, mains }: PodContainers,
  message: string,
  gracePeriodMs: number,
): Promise<unknown[]> {
  const begun = performance.now();
  const failures: unknown[] = [];
  const stop = async (run: ContainerRun, graceMs: number) => {
    await run.stop(message, graceMs).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(mains.map((run) => stop(run, gracePeriodMs)));
  for (const run of inits.toReversed()) {
    await stop(run, Math.max(0, Math.round(gracePeriodMs - (performance.now() - begun))));
  }
  return failures;
}

async function runToSuccess(
  run: ContainerRun,
  { sandbox, restartPolicy, signal }: Omit<PlayContainersOptions, "onLaunched">,
): Promise<void> {
  const { ended } = run.keep(sandbox, signal, ({ exitCode }) => exitCode === 0 || restartPolicy === "Never");
  const { exitCode, reason, message } = await ended;
  if (exitCode === 0) return;
  throw new CriError(
    "failed_precondition",
    `Init container ${run.spec.name} ended with exit code ${exitCode} (${reason}), and restartPolicy is Never${message ? `: ${message}` : ""}`,
  );
}

function isFinal(policy: RestartPolicy, { exitCode }: ContainerEnd): boolean {
  return policy === "Never" || (policy === "OnFailure" && exitCode === 0);
}
