interface Sample {
  at: number;
  nanoseconds: bigint;
  nanoCores: bigint | undefined;
}

/** Callers that ask in quick succession would else see a rate over no time at all. */
const shortestMs = 1000;
/** An average over longer says nothing about now. */
const longestMs = 5 * 60_000;

/**
 * How fast processor time is used, in billionths of a core: between this call and the last one that is a
 * second away. Nothing is sampled in between: kubelet asks every ten seconds, and who does not ask pays nothing.
 */
export class UsageRates {
  readonly #samples = new Map<string, Sample>();

  /** Undefined for the first sample in five minutes. `now` is in milliseconds, of a clock that never jumps. */
  sample(group: string, nanoseconds: bigint, now = performance.now()): bigint | undefined {
    const last = this.#samples.get(group);
    // A counter that went back belongs to a new group of the same name.
    const usable = last !== undefined && now - last.at <= longestMs && nanoseconds >= last.nanoseconds;
    if (usable && now - last.at < shortestMs) return last.nanoCores;
    const nanoCores = usable ? rate(nanoseconds - last.nanoseconds, now - last.at) : undefined;
    // Taken out first, so that the oldest stays in front.
    this.#samples.delete(group);
    this.#samples.set(group, { at: now, nanoseconds, nanoCores });
    this.#forget(now);
    return nanoCores;
  }

  #forget(now: number): void {
    for (const [group, { at }] of this.#samples) {
      if (now - at <= longestMs) return;
      this.#samples.delete(group);
    }
  }
}

function rate(nanoseconds: bigint, milliseconds: number): bigint {
  return BigInt(Math.round((Number(nanoseconds) / milliseconds) * 1000));
}
