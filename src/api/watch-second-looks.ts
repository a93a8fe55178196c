/** What events have told to look at is looked at once more, a moment later: one pod each, or everything at once. */
export class SecondLooks {
  readonly #settleMs: number;
  /** When each pod is due, the soonest first. */
  readonly #pods = new Map<string, number>();
  /** At everything, in place of pods that were too many: since when, and until when more of them have put it off. */
  #allSince = Number.POSITIVE_INFINITY;
  #allUntil = Number.POSITIVE_INFINITY;

  /** `settleMs`: how much later. */
  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  /** When something is due. */
  get nextAt(): number {
    const [podAt = Number.POSITIVE_INFINITY] = this.#pods.values();
    return Math.min(podAt, this.#allAt);
  }

  /** It is not put off for ever. */
  get #allAt(): number {
    return Math.min(this.#allUntil, this.#allSince + 2 * this.#settleMs);
  }

  addPod(podId: string, now: number, podsAtMost: number): void {
    this.#pods.delete(podId);
    if (this.#pods.size < podsAtMost) this.#pods.set(podId, now + this.#settleMs);
    else this.addAll(now);
  }

  addAll(now: number): void {
    this.#pods.clear();
    this.#allSince = Math.min(this.#allSince, now);
    this.#allUntil = now + this.#settleMs;
  }

  /** Takes out what is due by now. */
  take(now: number): "all" | string[] {
    if (this.#allAt > now) return this.#takePods(now);
    const isSettled = this.#allUntil <= now;
    this.#allSince = isSettled ? Number.POSITIVE_INFINITY : now;
    if (isSettled) this.#allUntil = Number.POSITIVE_INFINITY;
    return "all";
  }

  #takePods(now: number): string[] {
    const due: string[] = [];
    for (const [podId, at] of this.#pods) {
      if (at > now) break;
      due.push(podId);
      this.#pods.delete(podId);
    }
    return due;
  }
}
