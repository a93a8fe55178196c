import type { Container } from "../../api/container.js";
import { sleep } from "../../async/abort.js";
import { type Deferred, deferred } from "../../async/deferred.js";
import { CriError } from "../../errors.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ContainerEnd } from "../status.js";
import { Attempts } from "./attempts.js";
import { ContainerLife } from "./container-life.js";
import { ContainerState } from "./container-state.js";
import { lastWords } from "./last-words.js";
import { makeContainer } from "./make-container.js";
import type { PodContext, Sandbox } from "./pod-context.js";
import { RestartBackoff } from "./restart-backoff.js";
import { atStep, StartFailure } from "./start-failure.js";

/** A container that is started again and again. */
export interface KeptContainer {
  /** It runs for the first time, and its postStart hook is through. Rejects where that cannot be. */
  readonly launched: Promise<void>;
  /** Its startup probe has passed for the first time, or it has ended for good. */
  readonly started: Promise<void>;
  /** Its last end. Rejects where it cannot be started, and when it is stopped before it runs. */
  readonly ended: Promise<ContainerEnd>;
}

interface Keeping {
  readonly sandbox: Sandbox;
  /** Ends the watch over it at once; what runs is left. */
  readonly signal: AbortSignal;
  readonly launched: Deferred<void>;
  readonly started: Deferred<void>;
  isLast(end: ContainerEnd): boolean;
}

interface Running {
  readonly life: ContainerLife;
  readonly ended: Promise<void>;
  stopping: Promise<void> | undefined;
}

/** One container of the pod, over all its attempts and sandboxes. */
export class ContainerRun {
  readonly spec: ReadContainer | ReadInitContainer;
  readonly state: ContainerState;
  readonly #context: PodContext;
  readonly #attempts = new Attempts();
  readonly #backoff: RestartBackoff;
  readonly #retired = new AbortController();
  #running: Running | undefined;

  constructor(context: PodContext, spec: ReadContainer | ReadInitContainer) {
    this.#context = context;
    this.spec = spec;
    this.state = new ContainerState(spec.name, (change) => context.tell(change));
    this.#backoff = new RestartBackoff(context.backoff);
  }

  get isSidecar(): boolean {
    return "restartPolicy" in this.spec && this.spec.restartPolicy === "Always";
  }

  /** The newest attempt, or the one before it. */
  attempt({ previous = false }: { previous?: boolean | undefined } = {}): Container | undefined {
    return previous ? this.#attempts.previous : this.#attempts.newest;
  }

  /** Starts it, and starts it again after each end until `isLast` says that it was the last one. */
  keep(sandbox: Sandbox, signal: AbortSignal, isLast: Keeping["isLast"]): KeptContainer {
    const launched = deferred<void>();
    const started = deferred<void>();
    const ended = this.#keep({ sandbox, signal, launched, started, isLast });
    for (const first of [launched, started]) {
      ended.then(() => first.resolve(), first.reject);
      first.promise.catch(() => {});
    }
    return { launched: launched.promise, started: started.promise, ended };
  }

  /** Stops it for good: it is not started again. Resolves when it has ended. */
  async stop(message: string, gracePeriodMs: number): Promise<void> {
    this.#retired.abort(new CriError("canceled", `Container ${this.spec.name} was stopped`));
    const running = this.#running;
    if (!running) return;
    running.stopping ??= running.life.stop(message, gracePeriodMs);
    await running.stopping;
    await running.ended;
  }

  /** Learns how it has ended, after its sandbox was stopped under it. */
  async settle(signal: AbortSignal): Promise<void> {
    const container = this.#attempts.newest;
    if (!container || this.state.status.state !== "running") return;
    const exit = await this.#context.exits.ofContainer(container.id, signal);
    this.state.ended({ ...exit, attempt: this.#attempts.count - 1 });
  }

  async #keep(keeping: Keeping): Promise<ContainerEnd> {
    const signal = AbortSignal.any([keeping.signal, this.#retired.signal]);
    for (;;) {
      try {
        const end = await this.#runOnce(keeping, signal);
        if (keeping.isLast(end) || this.#retired.signal.aborted) return end;
        const delayMs = this.#backoff.next(this.state.ranMs);
        await this.#pause("CrashLoopBackOff", `${end.reason}, exit code ${end.exitCode}`, {
          delayMs,
          signal,
        });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof StartFailure)) throw error;
        // Nobody waits for what cannot work; what has worked once may do so again.
        if (this.state.status.id === undefined) throw error.toError(this.spec.name);
        await this.#pause(error.reason, error.message, { delayMs: this.#backoff.next(0), signal });
      }
    }
  }

  async #pause(
    reason: string,
    message: string,
    { delayMs, signal }: { delayMs: number; signal: AbortSignal },
  ): Promise<void> {
    if (delayMs === 0) return;
    this.state.waiting(reason, message, delayMs);
    await sleep(delayMs, signal);
  }

  async #runOnce(keeping: Keeping, signal: AbortSignal): Promise<ContainerEnd> {
    const { sandbox } = keeping;
    const attempt = this.#attempts.count;
    this.state.creating();
    const { container, messagePath } = await makeContainer(this.#context, this.spec, {
      sandbox,
      attempt,
      signal,
    });
    this.#attempts.add(container);
    await atStep("RunContainerError", signal, () => container.start({ signal }));
    this.state.running(container.id, attempt);
    const life = new ContainerLife({
      spec: this.spec,
      container,
      state: this.state,
      podIp: sandbox.facts.podIps[0],
      gracePeriodMs: this.#context.plan.pod.spec.terminationGracePeriodSeconds * 1000,
      tell: (change) => this.#context.tell(change),
    });
    const ended = deferred<void>();
    this.#running = { life, ended: ended.promise, stopping: undefined };
    try {
      void this.#live(life, keeping);
      await this.#attempts.removeOld();
      const exit = await this.#context.exits.ofContainer(container.id, keeping.signal);
      const fromLog = this.spec.terminationMessagePolicy === "FallbackToLogsOnError" && exit.exitCode !== 0;
      const words = await lastWords(container, { messagePath, fromLog });
      const end = { ...exit, attempt, message: words || exit.message };
      this.state.ended(end);
      return end;
    } finally {
      this.#running = undefined;
      life.over();
      ended.resolve();
    }
  }

  async #live(life: ContainerLife, { launched, started }: Keeping): Promise<void> {
    await life.launch();
    launched.resolve();
    await life.probe(() => started.resolve());
  }
}
