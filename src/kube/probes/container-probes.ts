import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadProbe } from "../manifest/schema/probe.js";
import type { ActionTarget } from "./actions.js";
import { probing } from "./probing.js";

export type ProbeName = "startup" | "readiness" | "liveness";

/** What the probes of a running container tell. */
export interface ProbeListener {
  started(): void;
  ready(isReady: boolean): void;
  failure(probe: ProbeName, message: string): void;
  /** The container is to be stopped, within this time where the probe says so. */
  unhealthy(probe: ProbeName, message: string, gracePeriodSeconds: number | undefined): void;
}

/**
 * Probes a container until the signal aborts, as kubelet does: the startup probe first, the others once it has passed.
 * Without a startup probe a container has started at once, and without a readiness probe it is ready from then on.
 */
export async function probeContainer(
  target: ActionTarget,
  { startupProbe, readinessProbe, livenessProbe }: ReadContainer | ReadInitContainer,
  listener: ProbeListener,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const verdicts = (probe: ReadProbe, name: ProbeName) =>
    probing(target, probe, { startedAt, signal, onFailure: (message) => listener.failure(name, message) });

  async function untilUnhealthy(probe: ReadProbe, name: ProbeName, isEnough: boolean): Promise<boolean> {
    for await (const { passed, message } of verdicts(probe, name)) {
      if (!passed) {
        listener.unhealthy(name, message, probe.terminationGracePeriodSeconds);
        return false;
      }
      if (isEnough) return true;
    }
    return false;
  }

  async function readiness(probe: ReadProbe): Promise<void> {
    for await (const { passed } of verdicts(probe, "readiness")) listener.ready(passed);
  }

  if (startupProbe && !(await untilUnhealthy(startupProbe, "startup", true))) return;
  listener.started();
  if (!readinessProbe) listener.ready(true);
  await Promise.all([
    readinessProbe && readiness(readinessProbe),
    livenessProbe && untilUnhealthy(livenessProbe, "liveness", false),
  ]);
}
