import { abortable, sleep } from "../async/abort.js";
import { Backoff } from "../async/backoff.js";
import { type Deferred, deferred } from "../async/deferred.js";
import { UnsupportedError } from "../errors.js";
import type { ContainerEventResponse } from "../proto.js";
import { SecondLooks } from "./watch-second-looks.js";

/** All in milliseconds. */
export interface WatchTiming {
  /** Everything is looked at again after this, or up to twice as much by chance. */
  readonly relistMs: number;
  /** The same where there are no events. */
  readonly pollMs: number;
  /**
   * Nothing proves that a runtime has begun to tell events before it tells the first, and containerd tells of a pod's
   * removal before its list is without it: what was looked at is looked at once more after this.
   */
  readonly settleMs: number;
  /** A runtime without events is asked for them again, in case it is another one by now. */
  readonly askAgainMs: number;
}

export const defaultTiming: WatchTiming = {
  relistMs: 30_000,
  pollMs: 1_000,
  settleMs: 1_000,
  askAgainMs: 60_000,
};

/** A look at one pod costs as much as so many pods do in a list of all; a list of all has costs of its own, too. */
const podsPerLook = 20;
const cheapLooks = 4;

/** What of a pod to look at: the pod and its containers, or these alone. */
export type PodPart = "whole" | "containers";

/** What to look at: everything, or some pods by their IDs. */
export type Target = "all" | ReadonlyMap<string, PodPart>;

/** What hints need of the view that they are for. */
interface HintedView {
  /** How many pods are known. */
  readonly podCount: number;
  /** Whether the event tells its change by itself, so that no look is needed for it at once. */
  hear(event: ContainerEventResponse): boolean;
}

/**
 * Says what is to be looked at, and when. Events are taken in as fast as they come and leave nothing behind but
 * the IDs of some pods, and in the view the states of some objects, however slow the reader is.
 */
export class WatchHints {
  readonly #timing: WatchTiming;
  readonly #view: HintedView;
  readonly #backoff = new Backoff({ minMs: 100, maxMs: 3_000 });
  #pods = new Map<string, PodPart>();
  readonly #again: SecondLooks;
  /** When everything is due; infinite until the next question. */
  #dueAt = 0;
  #isSettled = true;
  #polls = true;
  /** Whether the view has heard what is not told yet. */
  #isHeard = false;
  #wake: Deferred<undefined> | undefined;

  constructor(timing: WatchTiming, view: HintedView) {
    this.#timing = timing;
    this.#again = new SecondLooks(timing.settleMs);
    this.#view = view;
  }

  /**
   * Waits until there is something to look at, or, undefined, only something that the view has heard. The signal ends
   * the wait with its own reason.
   */
  async next(signal: AbortSignal | undefined): Promise<Target | undefined> {
    if (this.#dueAt === Number.POSITIVE_INFINITY) this.lookWithin(this.#interval());
    for (;;) {
      signal?.throwIfAborted();
      const target = this.#take(performance.now());
      const isHeard = this.#isHeard;
      this.#isHeard = false;
      if (target || isHeard) return target;
      const nextAt = Math.min(this.#dueAt, this.#again.nextAt);
      await this.#sleep(nextAt - performance.now(), signal);
    }
  }

  /** What a look gives; undefined as soon as the view hears something before. */
  async lookOrHeard<T>(look: Promise<T>): Promise<T | undefined> {
    if (!this.#isHeard) {
      const wake = deferred<undefined>();
      this.#wake = wake;
      const found = await Promise.race([look, wake.promise]);
      if (found !== undefined) return found;
    }
    this.#isHeard = false;
    return undefined;
  }

  #take(now: number): Target | undefined {
    const again = this.#again.take(now);
    const pods = this.#pods;
    this.#pods = new Map();
    if (again === "all") this.#dueAt = now;
    else for (const id of again) pods.set(id, "whole");
    if (this.#dueAt > now && pods.size <= this.#podsAtMost()) return pods.size > 0 ? pods : undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    return "all";
  }

  /** Beyond so many one look at everything is cheaper. */
  #podsAtMost(): number {
    return cheapLooks + this.#view.podCount / podsPerLook;
  }

  /** Everything is to be looked at, in so many milliseconds at the latest. */
  lookWithin(ms: number): void {
    this.#dueAt = Math.min(this.#dueAt, performance.now() + ms);
    this.#wake?.resolve(undefined);
  }

  /** Takes hints from events until the signal aborts, whatever becomes of the runtime in the meantime. */
  async listen(open: () => AsyncIterable<ContainerEventResponse>, signal: AbortSignal): Promise<void> {
    this.#polls = false;
    while (!signal.aborted) {
      // Events are asked for first, so that nothing can happen between the look and them.
      const heard = this.#hear(open());
      this.#isSettled = false;
      this.lookWithin(0);
      const error = await heard;
      await sleep(this.#pause(error), signal).catch(() => {});
    }
  }

  /** Gives the error that events always end with. */
  async #hear(events: AsyncIterable<ContainerEventResponse>): Promise<unknown> {
    try {
      for await (const event of events) {
        this.#backoff.reset();
        this.#polls = false;
        this.#add(event);
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #add(event: ContainerEventResponse): void {
    const { podSandboxStatus: pod, containerId } = event;
    const now = performance.now();
    const podsAtMost = this.#podsAtMost();
    if (pod) this.#again.addPod(pod.id, now, podsAtMost);
    else this.#again.addAll(now);
    if (this.#view.hear(event)) this.#isHeard = true;
    else if (!pod || this.#pods.size >= podsAtMost) this.lookWithin(0);
    else if (pod.id === containerId) this.#pods.set(pod.id, "whole");
    else if (!this.#pods.has(pod.id)) this.#pods.set(pod.id, "containers");
    this.#wake?.resolve(undefined);
  }

  #pause(error: unknown): number {
    if (!(error instanceof UnsupportedError)) return withJitter(this.#backoff.next());
    this.#polls = true;
    this.lookWithin(this.#timing.pollMs);
    return withJitter(this.#timing.askAgainMs);
  }

  #interval(): number {
    const { relistMs, pollMs, settleMs } = this.#timing;
    if (this.#polls) return pollMs;
    if (this.#isSettled) return withJitter(relistMs);
    this.#isSettled = true;
    return settleMs;
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const wake = deferred<undefined>();
    this.#wake = wake;
    const timer = setTimeout(wake.resolve, ms, undefined);
    try {
      await abortable(wake.promise, signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Many clients that lost a runtime at one moment are not to come back at one moment. */
function withJitter(ms: number): number {
  return ms * (1 + Math.random());
}
