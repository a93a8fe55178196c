/** A counter of processor time as it was at one moment, both in nanoseconds. */
export interface CpuReading {
  readonly at: bigint;
  readonly used: bigint;
}

/** Use of the processor between two readings. */
export interface CpuRate {
  /** 1 is one core, all of the time. */
  readonly cores: number;
  readonly windowMs: number;
}

/** Readings closer together say more of the clock than of the use. */
const shortestNs = 100_000_000n;

/** Undefined where the second is not later, or the counter has begun anew: a container was started again. */
export function rateBetween(before: CpuReading, after: CpuReading): CpuRate | undefined {
  const [spanNs, usedNs] = [after.at - before.at, after.used - before.used];
  if (spanNs <= 0n || usedNs < 0n) return undefined;
  return { cores: Number(usedNs) / Number(spanNs), windowMs: Number(spanNs) / 1e6 };
}

/** Remembers the last reading of each counter, to tell the rate when the next one comes. */
export class CpuRates {
  readonly #last = new Map<string, { reading: CpuReading; rate: CpuRate | undefined }>();

  /**
   * Undefined for the first reading. Runtimes answer from a cache: a reading that is told again has the rate that it
   * had before.
   */
  next(id: string, reading: CpuReading): CpuRate | undefined {
    const last = this.#last.get(id);
    if (last && isNoNewer(reading, last.reading)) return last.rate;
    const rate = last && rateBetween(last.reading, reading);
    this.#last.set(id, { reading, rate });
    return rate;
  }

  /** Forgets all others. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#last.keys()) if (!ids.has(id)) this.#last.delete(id);
  }
}

function isNoNewer(reading: CpuReading, last: CpuReading): boolean {
  const spanNs = reading.at - last.at;
  return spanNs >= 0n && spanNs < shortestNs && reading.used >= last.used;
}
