import { parseArgs } from "node:util";

export interface BenchOptions {
  /** How many bytes a stream carries; 1 GiB unless given. With another size it is a try, and nothing is kept. */
  readonly sizeBytes?: number | undefined;
  /** Rounds that count; as many as the benchmark thinks fit unless given. */
  readonly rounds?: number | undefined;
  /** How many pods there are at most; 500 unless given. With another number it is a try, and nothing is kept. */
  readonly pods?: number | undefined;
}

const units = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Splits a command line in the benchmarks' names and the options. */
export function readOptions(args: string[]): { names: string[]; options: BenchOptions } {
  const options = { size: { type: "string" }, rounds: { type: "string" }, pods: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const sizeBytes = values.size === undefined ? undefined : parseSize(values.size);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const pods = values.pods === undefined ? undefined : Number(values.pods);
  return { names: positionals, options: { sizeBytes, rounds, pods } };
}

function parseSize(text: string): number {
  const [, count, unit] = /^(\d+)(KiB|MiB|GiB)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new Error(`Size ${text} is not like 64MiB`);
  return Number(count) * units[unit as keyof typeof units];
}

/** As people write it: `64 MiB`. */
export function printSize(bytes: number): string {
  const [unit, unitBytes] = Object.entries(units).findLast(([, each]) => bytes % each === 0) ?? ["bytes", 1];
  return `${bytes / unitBytes} ${unit}`;
}
