import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Something to measure: `run` does the work of one round, and resolves to the milliseconds that took. */
export interface Contender {
  readonly name: string;
  run(): Promise<number>;
}

export interface RoundOptions {
  /** Rounds that count, after one that does not. */
  readonly rounds: number;
  /**
   * Collect garbage before each turn, where rounds leave so much that the next contender would have to. Not unless told:
   * V8 throws away all code that it has optimized for a class of which no object is left.
   */
  readonly collects?: boolean;
  /** What one round's time is divided by. */
  readonly unitsPerRound: number;
}

/** A contender that takes the time itself, of each part of its work, or counts something else of it. */
export interface TimedContender {
  readonly name: string;
  /** Resolves to one number by each part's name. */
  run(): Promise<Record<string, number>>;
}

/** The milliseconds that the work takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The microseconds per unit of each contender, by name, one number for each round. */
export async function measureRounds(
  contenders: readonly Contender[],
  { unitsPerRound, ...options }: RoundOptions,
): Promise<Map<string, number[]>> {
  const timed = contenders.map(({ name, run }) => ({
    name,
    run: async () => ({ whole: await run() }),
  }));
  const measured = await measureParts(timed, options);
  return new Map(
    [...measured].map(([name, parts]) => [
      name,
      (parts.whole ?? []).map((time) => (time * 1000) / unitsPerRound),
    ]),
  );
}

/**
 * The times of each part of each contender's work, one number for each round. All of them take their turn in
 * each round, in another order each time, so that what the machine does besides falls on all alike.
 */
export async function measureParts(
  contenders: readonly TimedContender[],
  { rounds, collects = false }: Pick<RoundOptions, "rounds" | "collects">,
): Promise<Map<string, Record<string, number[]>>> {
  const times = new Map<string, Record<string, number[]>>(contenders.map(({ name }) => [name, {}]));
  for (const { run } of contenders) await run();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(round + turn) % contenders.length];
      const parts = times.get(contender?.name ?? "");
      if (!contender || !parts) continue;
      if (collects) collectGarbage();
      for (const [part, time] of Object.entries(await contender.run())) {
        parts[part] = [...(parts[part] ?? []), time];
      }
    }
  }
  return times;
}
