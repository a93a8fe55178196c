/** Something to measure: `run` does the work of one round. */
export interface Contender {
  readonly name: string;
  run(): Promise<void>;
}

export interface RoundOptions {
  /** Rounds that count, after one that does not. */
  readonly rounds: number;
  /** What one round's time is divided by. */
  readonly unitsPerRound: number;
}

/**
 * The microseconds per unit of each contender, by name, one number for each round. All of them take their turn
 * in each round, in another order each time, so that what the machine does besides falls on all alike.
 */
export async function measureRounds(
  contenders: readonly Contender[],
  { rounds, unitsPerRound }: RoundOptions,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const { run } of contenders) await run();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(round + turn) % contenders.length];
      if (!contender) continue;
      // What one contender has left behind is not for the next one to clear away.
      globalThis.gc?.();
      const start = performance.now();
      await contender.run();
      times.get(contender.name)?.push(((performance.now() - start) * 1000) / unitsPerRound);
    }
  }
  return times;
}
