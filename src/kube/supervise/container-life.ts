import type { OwnedContainer } from "../../api/container.js";
import { sleep } from "../../async/abort.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ActionTarget } from "../probes/actions.js";
import { type ProbeName, probeContainer } from "../probes/container-probes.js";
import { runHook } from "../probes/hook.js";
import type { PodChange } from "../status.js";
import type { ContainerState } from "./container-state.js";
import { stopContainer } from "./stop-container.js";

export interface LifeParts {
  readonly spec: ReadContainer | ReadInitContainer;
  readonly container: OwnedContainer;
  readonly state: ContainerState;
  readonly podIp: string | undefined;
  /** The pod's, for where a probe has none of its own. */
  readonly gracePeriodMs: number;
  tell(change: PodChange): void;
}

/** One running container: its hooks, its probes, and the ways to end it. */
export class ContainerLife {
  readonly #parts: LifeParts;
  readonly #target: ActionTarget;
  readonly #over = new AbortController();

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#target = { container: parts.container, ports: parts.spec.ports, ip: parts.podIp };
  }

  /** Runs the postStart hook; a container whose hook fails is stopped. */
  async launch(): Promise<void> {
    const hook = this.#parts.spec.lifecycle?.postStart;
    if (!hook) return;
    const { signal } = this.#over;
    try {
      await runHook(this.#target, hook, { signal, timeoutMs: hookTimeoutMs });
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#tellHook("postStart", message);
      void this.#end(`The postStart hook failed: ${message}`, this.#parts.gracePeriodMs);
    }
  }

  /** Probes until the container's life is over; `onStarted` is called when its startup probe has passed. */
  async probe(onStarted: () => void): Promise<void> {
    const { spec, state, tell, gracePeriodMs } = this.#parts;
    const listener = {
      started: () => {
        state.started();
        onStarted();
      },
      ready: (isReady: boolean) => state.ready(isReady),
      failure: (probe: ProbeName, message: string) =>
        tell({ type: "unhealthy", container: spec.name, probe, message }),
      unhealthy: (probe: ProbeName, message: string, seconds: number | undefined) => {
        const graceMs = seconds === undefined ? gracePeriodMs : seconds * 1000;
        void this.#end(`The ${probe} probe failed: ${message}`, graceMs);
      },
    };
    try {
      await probeContainer(this.#target, spec, listener, this.#over.signal);
    } catch (error) {
      if (!this.#over.signal.aborted) throw error;
    }
  }

  /** Resolves when the runtime has stopped it. */
  async stop(message: string, gracePeriodMs: number): Promise<void> {
    const { spec, tell } = this.#parts;
    tell({ type: "killing", container: spec.name, message });
    await stopContainer(this.#target, spec, {
      gracePeriodMs,
      onHookFailure: (failure) => this.#tellHook("preStop", failure),
    });
  }

  /** The container has ended: its probes and hooks as well. */
  over(): void {
    this.#over.abort();
  }

  /** Until it is over, also when the runtime restarts meanwhile. */
  async #end(message: string, gracePeriodMs: number): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        return await this.stop(message, gracePeriodMs);
      } catch {
        await sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  #tellHook(hook: "postStart" | "preStop", message: string): void {
    this.#parts.tell({ type: "hookFailed", container: this.#parts.spec.name, hook, message });
  }
}

/** A hook has no limit of its own; this is kubelet's for a command that says nothing. */
const hookTimeoutMs = 24 * 3600 * 1000;
const retryMs = 1_000;
