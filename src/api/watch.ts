import { createLinkedAbortController } from "@connectrpc/connect/protocol";
import { Backoff } from "../async/backoff.js";
import { CriError } from "../errors.js";
import type { VersionResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { ApiContext } from "./context.js";
import { eventMessages } from "./events.js";
import { isPassing } from "./passing.js";
import { limitTime } from "./time-limit.js";
import { defaultTiming, WatchHints, type WatchTiming } from "./watch-hints.js";
import { type Found, type WatchChange, type WatchFilters, WatchView } from "./watch-view.js";

/** What to watch, for how long, and by what means. */
export interface WatchOptions extends CallOptions, WatchFilters {
  /** How long to watch, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /**
   * Whether the runtime's events are listened to; else everything is listed every second. True by default, save
   * with containerd 1.7, which tells each event to one of its clients only: this one would rob the kubelet of it.
   */
  events?: boolean | undefined;
}

/** The first state has been told, empty or not. */
export interface WatchSynced {
  /** Tells it from a change. */
  readonly type: "synced";
  /** It is of no pod and no container. */
  readonly kind?: undefined;
}

/** What a watch tells: switch on `type`, then on `kind`. */
export type WatchEvent = WatchChange | WatchSynced;

/** An error that a restart does not explain may pass as well, but not for ever: this is a good ten seconds. */
const triesAtMost = 8;

/**
 * Lists are the truth; events say when to list what, and what must be newer than what is known. One look is made after
 * the other, so that each is newer than what is known, and only what differs from that is told.
 */
export async function* watch(
  context: ApiContext,
  { events = true, pods, containers, ...options }: WatchOptions,
  timing: WatchTiming = defaultTiming,
): AsyncGenerator<WatchEvent, void, undefined> {
  const limit = limitTime(options, "The watch");
  const { signal } = limit;
  const { headers } = options;
  const left = createLinkedAbortController(signal);
  const call = { signal: left.signal, headers };
  const view = new WatchView(context, { pods, containers }, { ...call, retries: 0 });
  const hints = new WatchHints(timing, view);
  const patience = new Patience();
  let isSynced = false;
  try {
    signal?.throwIfAborted();
    if (events) void hints.listen(() => eventMessages(context, call), left.signal);
    for (;;) {
      const target = await hints.next(signal);
      yield* view.told();
      if (!target) continue;
      let found: Found;
      try {
        found = yield* tellDuring(view.look(isSynced ? target : "all"), { view, hints });
      } catch (error) {
        signal?.throwIfAborted();
        hints.lookWithin(patience.pauseAfter(error));
        continue;
      }
      patience.renew();
      yield* view.take(found);
      if (!isSynced) yield { type: "synced" };
      isSynced = true;
    }
  } finally {
    left.abort();
    limit[Symbol.dispose]();
  }
}

/** Gives what a look finds, and tells in the meantime what events tell. */
async function* tellDuring(
  look: Promise<Found>,
  { view, hints }: { view: WatchView; hints: WatchHints },
): AsyncGenerator<WatchChange, Found, undefined> {
  // It may fail while the reader of the watch is away.
  look.catch(() => {});
  for (;;) {
    const found = await hints.lookOrHeard(look);
    if (found) return found;
    yield* view.told();
  }
}

/** Its events go to one client each, and the kubelet may be another. */
export function sharesEvents({ runtimeName, runtimeVersion }: VersionResponse): boolean {
  return runtimeName === "containerd" && /^v?1\.7\./.test(runtimeVersion);
}

/** How long to wait after looks that failed, and when it is enough. */
class Patience {
  readonly #backoff = new Backoff({ minMs: 100, maxMs: 3_000 });
  #tries = 0;

  /** In milliseconds. Throws the error when there is no use in looking again. */
  pauseAfter(error: unknown): number {
    if (!(error instanceof CriError) || error.code === "closed") throw error;
    this.#tries = isPassing(error) ? 0 : this.#tries + 1;
    if (this.#tries > triesAtMost) throw error;
    return this.#backoff.next();
  }

  renew(): void {
    this.#tries = 0;
    this.#backoff.reset();
  }
}
