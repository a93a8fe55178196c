import { carryFailures } from "../api/carry-failures.js";
import type { Container } from "../api/container.js";
import type { Pod } from "../api/pod.js";
import { limitTime } from "../api/time-limit.js";
import { abortable } from "../async/abort.js";
import { Broadcast } from "../async/broadcast.js";
import type { Rollback } from "../async/rollback.js";
import { CriError, NotFoundError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { PlayedPodStatus, PodChange, PodPhase } from "./status.js";
import type { PodEnd, PodRun } from "./supervise/pod-run.js";

/** What is told to those who listen; the last is that there is no more. */
export class Changes extends Broadcast<PodChange | "over"> {
  constructor() {
    const tooSlow = () =>
      new CriError("resource_exhausted", "The reader of the pod's events was too slow: read on at once");
    super({ limit: 1_000, tooSlow });
  }
}

/** What a played pod is made of. */
export interface PlayedPodParts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly gracePeriodMs: number;
  readonly run: PodRun;
  readonly end: Promise<PodEnd>;
  readonly changes: Changes;
  readonly rollback: Rollback;
}

/** How long a pod may take to end. */
export interface StopPodOptions {
  /** The pod's `terminationGracePeriodSeconds` unless told. 0 kills at once. */
  gracePeriodMs?: number | undefined;
}

/**
 * A pod that was played from a manifest and is kept as the manifest says, until it is disposed of. This program keeps
 * it: when it ends without disposing of the pod, the pod goes on, and nobody restarts its containers.
 */
export class PlayedPod implements AsyncDisposable {
  /** The pod's name in the manifest. */
  readonly name: string;
  /** The pod's namespace; `default` where the manifest has none. */
  readonly namespace: string;
  /** The pod's UID; random where the manifest has none. */
  readonly uid: string;
  readonly #parts: PlayedPodParts;
  #disposed: Promise<void> | undefined;

  /** @internal */
  constructor(parts: PlayedPodParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.namespace = parts.namespace;
    this.uid = parts.uid;
  }

  /** The sandbox that it runs in. When that dies the pod gets a new one: ask again for it. */
  get pod(): Pod {
    const { sandbox } = this.#parts.run;
    if (!sandbox) throw new NotFoundError(`Pod ${this.name} has no sandbox`);
    return sandbox.pod;
  }

  /**
   * One of its containers, init containers among them: the newest attempt, or with `previous` the one before it. When
   * it ends it is made anew: ask again for it.
   *
   * @throws NotFoundError when the manifest has no such container, or there is no attempt at it.
   *
   * @example
   * ```ts
   * for await (const line of app.container("web").logs({ tail: 10 })) console.log(line.text);
   * ```
   */
  container(name: string, options: { previous?: boolean | undefined } = {}): Container {
    const runs = [...this.#parts.run.inits, ...this.#parts.run.mains];
    const run = runs.find(({ spec }) => spec.name === name);
    const container = run?.attempt(options);
    if (container) return container;
    const names = runs.map(({ spec }) => spec.name).join(", ");
    throw new NotFoundError(
      run
        ? `Container ${name} has no ${options.previous ? "previous attempt" : "attempt so far"}`
        : `Pod ${this.name} has no container ${name}: it has ${names}`,
    );
  }

  /** The pod's phase now. */
  get phase(): PodPhase {
    return this.#parts.run.phase.phase;
  }

  /** What is known now, without asking the runtime. */
  status(): PlayedPodStatus {
    const { run } = this.#parts;
    const serving = [...run.mains, ...run.inits.filter(({ isSidecar }) => isSidecar)];
    return {
      ...run.phase,
      ready: run.phase.phase === "Running" && serving.every(({ state }) => state.status.ready),
      podId: run.sandbox?.pod.id,
      sandboxRestarts: run.sandbox?.attempt ?? 0,
      ips: run.sandbox?.facts.podIps ?? [],
      initContainers: run.inits.map(({ state }) => state.status),
      containers: run.mains.map(({ state }) => state.status),
    };
  }

  /**
   * What happens to it from the first read on. Ends when the pod has come to its end, or is stopped or disposed of. A
   * reader that falls a thousand events behind gets an error with the code `resource_exhausted`.
   *
   * @example
   * ```ts
   * setTimeout(() => app.stop({ gracePeriodMs: 0 }), 100);
   * for await (const change of app.events()) {
   *   if (change.type === "exited") console.log(change.container, change.exitCode, change.reason);
   * }
   * ```
   */
  async *events(options: CallOptions = {}): AsyncGenerator<PodChange, void, undefined> {
    yield* this.#follow(options, "Reading the events of the pod");
  }

  /**
   * Resolves when all containers and sidecars are ready: started, and their readiness probes say yes.
   *
   * @throws CriError with the code `failed_precondition` when the pod ends before.
   */
  async waitReady(options: CallOptions = {}): Promise<void> {
    const changes = this.#follow(options, `The wait until pod ${this.name} is ready`);
    try {
      while (!this.status().ready) {
        if ((await changes.next()).done) {
          throw new CriError(
            "failed_precondition",
            `Pod ${this.name} has ended before it was ready: it is ${this.phase}`,
          );
        }
      }
    } finally {
      await changes.return();
    }
  }

  /** Resolves when it has come to its end: all main containers have ended for good, or it was stopped. */
  async wait(options: CallOptions = {}): Promise<PodEnd> {
    const limit = limitTime(options, `The wait for pod ${this.name}`);
    try {
      return await abortable(this.#parts.end, limit.signal);
    } finally {
      limit[Symbol.dispose]();
    }
  }

  /** Stops its containers, and then its sandbox, for good. What is left is there for its logs until dispose. */
  async stop({ gracePeriodMs = this.#parts.gracePeriodMs }: StopPodOptions = {}): Promise<void> {
    const { run } = this.#parts;
    const failures = await run.stop(gracePeriodMs);
    await run.sandbox?.pod.stop().catch((error: unknown) => failures.push(error));
    if (failures.length === 0) return;
    const [first, ...rest] = failures;
    carryFailures(first, rest);
    throw first;
  }

  /**
   * Stops it, within its grace period, and removes all that was made for it: sandbox, containers, logs and volumes.
   * What fails keeps nothing else from being removed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= undo(this.#parts);
    return this.#disposed;
  }

  async *#follow(options: CallOptions, what: string): AsyncGenerator<PodChange, void, undefined> {
    const limit = limitTime(options, what);
    try {
      limit.signal?.throwIfAborted();
      if (this.phase === "Succeeded" || this.phase === "Failed") return;
      for await (const change of this.#parts.changes.subscribe(limit.signal)) {
        if (change === "over") return;
        yield change;
      }
    } finally {
      limit[Symbol.dispose]();
    }
  }
}

async function undo({ name, run, rollback, gracePeriodMs }: PlayedPodParts): Promise<void> {
  const failures = await run.stop(gracePeriodMs);
  const left = (await rollback.run()).map(({ error, description }) => ({ error, description }));
  if (left.length === 0) return;
  throw new AggregateError(
    [...left.map(({ error }) => error), ...failures],
    `Pod ${name} was not wholly removed: failed to ${left.map(({ description }) => description).join(", ")}`,
  );
}
