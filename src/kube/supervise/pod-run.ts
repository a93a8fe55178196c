import { setMaxListeners } from "node:events";
import { sleep } from "../../async/abort.js";
import { deferred } from "../../async/deferred.js";
import { CriError } from "../../errors.js";
import type { PodPhase } from "../status.js";
import { ContainerRun } from "./container-run.js";
import { type PodContainers, playContainers, stopContainers } from "./play-containers.js";
import type { PodContext, Sandbox } from "./pod-context.js";
import { Sandboxes, type SandboxesOptions } from "./sandboxes.js";

/** How a pod has come to its end. */
export interface PodEnd {
  /** `Succeeded`: every container has ended with 0. */
  readonly phase: "Succeeded" | "Failed";
  /** Where the containers' ends do not say it: `DeadlineExceeded`, `SandboxLost`, `Stopped`. */
  readonly reason: string;
}

const sandboxLost = Symbol("The sandbox is gone");
const deadlineOver = Symbol("The pod's deadline is over");

/** A pod's life: sandbox after sandbox, and in each the containers. */
export class PodRun implements PodContainers {
  readonly inits: readonly ContainerRun[];
  readonly mains: readonly ContainerRun[];
  readonly #context: PodContext;
  readonly #sandboxes: Sandboxes;
  readonly #left = new AbortController();
  readonly #stopped = deferred<PodEnd>();
  readonly #launched = deferred<void>();
  #life: Promise<PodEnd> | undefined;
  #isStopping = false;
  #phase: { phase: PodPhase; reason: string } = { phase: "Pending", reason: "" };

  constructor(context: PodContext, options: SandboxesOptions) {
    const { initContainers, containers } = context.plan.pod.spec;
    this.#context = context;
    this.#sandboxes = new Sandboxes(context, options);
    this.inits = initContainers.map((one) => new ContainerRun(context, one));
    this.mains = containers.map((one) => new ContainerRun(context, one));
    setMaxListeners(0, this.#left.signal);
    this.#launched.promise.catch(() => {});
  }

  get sandbox(): Sandbox | undefined {
    return this.#sandboxes.current;
  }

  get phase(): { readonly phase: PodPhase; readonly reason: string } {
    return this.#phase;
  }

  /** Resolves when all main containers have been started once; rejects when that cannot be. */
  get launched(): Promise<void> {
    return this.#launched.promise;
  }

  /** Plays the pod to its end. Rejects when it cannot be played. */
  async play(): Promise<PodEnd> {
    this.#life = this.#play();
    try {
      const end = await this.#life.catch((error: unknown) => {
        if (this.#isStopping) return this.#stopped.promise;
        throw error;
      });
      this.#enter(end.phase, end.reason);
      this.#launched.resolve();
      return end;
    } catch (error) {
      this.#launched.reject(error);
      throw error;
    }
  }

  /** Stops the containers and ends the play. Gives what could not be stopped. */
  async stop(gracePeriodMs: number): Promise<unknown[]> {
    this.#isStopping = true;
    const failures = await stopContainers(this, "The pod is stopped", gracePeriodMs);
    const ends = this.mains.map(({ state }) => state.status.lastEnd?.exitCode);
    const phase = ends.every((exitCode) => exitCode === 0) ? "Succeeded" : "Failed";
    this.#stopped.resolve({ phase, reason: "Stopped" });
    this.#left.abort(new CriError("canceled", "The pod was stopped"));
    // Nothing is made any more from here on.
    await Promise.allSettled([this.#life]);
    return failures;
  }

  async #play(): Promise<PodEnd> {
    const deadline = this.#deadline();
    for (;;) {
      const sandbox = await this.#sandboxes.next(this.#left.signal);
      const outcome = await this.#playIn(sandbox, deadline);
      if (outcome === sandboxLost) continue;
      // Its address is free again, and what is left is kept for its logs. Disposal stops it again if this fails.
      await sandbox.pod.stop({ signal: this.#left.signal }).catch(() => {});
      return outcome;
    }
  }

  async #playIn(sandbox: Sandbox, deadline: Promise<never>): Promise<PodEnd | typeof sandboxLost> {
    const { restartPolicy, terminationGracePeriodSeconds } = this.#context.plan.pod.spec;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#left.signal]);
    setMaxListeners(0, signal);
    const onLaunched = () => {
      this.#enter("Running", "");
      this.#launched.resolve();
    };
    try {
      const ends = await Promise.race([
        playContainers(this, { sandbox, restartPolicy, signal, onLaunched }),
        this.#lossOf(sandbox, signal),
        deadline,
      ]);
      // Containers end with their sandbox, and may be seen to before it.
      const haveFailed = ends.some(({ exitCode }) => exitCode !== 0);
      if (haveFailed && (await this.#context.exits.isSandboxLost(sandbox.pod.id, signal))) throw sandboxLost;
      await stopContainers(this, "The pod has ended", terminationGracePeriodSeconds * 1000);
      return {
        phase: ends.every(({ exitCode }) => exitCode === 0) ? "Succeeded" : "Failed",
        reason: this.#isStopping ? "Stopped" : "",
      };
    } catch (error) {
      if (error === deadlineOver) {
        await stopContainers(this, "The pod's deadline is over", terminationGracePeriodSeconds * 1000);
        return { phase: "Failed", reason: "DeadlineExceeded" };
      }
      if (error !== sandboxLost) throw error;
      over.abort(sandboxLost);
      await sandbox.pod.stop({ signal: this.#left.signal });
      await Promise.all([...this.inits, ...this.mains].map((run) => run.settle(this.#left.signal)));
      return restartPolicy === "Never" ? { phase: "Failed", reason: "SandboxLost" } : sandboxLost;
    } finally {
      over.abort(sandboxLost);
    }
  }

  async #lossOf(sandbox: Sandbox, signal: AbortSignal): Promise<never> {
    await this.#context.exits.ofSandbox(sandbox.pod.id, signal);
    throw sandboxLost;
  }

  #deadline(): Promise<never> {
    const { activeDeadlineSeconds } = this.#context.plan.pod.spec;
    const deadline = deferred<never>();
    deadline.promise.catch(() => {});
    if (activeDeadlineSeconds !== undefined) {
      sleep(activeDeadlineSeconds * 1000, this.#left.signal).then(
        () => deadline.reject(deadlineOver),
        () => {},
      );
    }
    return deadline.promise;
  }

  #enter(phase: PodPhase, reason: string): void {
    if (this.#phase.phase === phase) return;
    this.#phase = { phase, reason };
    this.#context.tell({ type: "phase", phase, reason });
  }
}
