import { ignoreMissing } from "../../api/dispose.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ActionTarget } from "../probes/actions.js";
import { runHook } from "../probes/hook.js";

/** What a container has to end, at least, after its preStop hook. */
const restMs = 2_000;

export interface StopParts {
  readonly gracePeriodMs: number;
  /** The preStop hook has failed; the container is stopped all the same. */
  onHookFailure(message: string): void;
}

/** Runs the preStop hook and stops the container, both within the grace period. 0 kills at once. */
export async function stopContainer(
  target: ActionTarget,
  { lifecycle }: ReadContainer | ReadInitContainer,
  { gracePeriodMs, onHookFailure }: StopParts,
): Promise<void> {
  const begun = performance.now();
  if (lifecycle?.preStop && gracePeriodMs > 0) {
    const limit = { signal: AbortSignal.timeout(gracePeriodMs), timeoutMs: gracePeriodMs };
    await runHook(target, lifecycle.preStop, limit).catch((error: unknown) =>
      onHookFailure(error instanceof Error ? error.message : String(error)),
    );
  }
  const left = gracePeriodMs - (performance.now() - begun);
  const rest = Math.max(left, Math.min(gracePeriodMs, restMs));
  await ignoreMissing(target.container.stop({ gracePeriodMs: Math.round(rest) }));
}
