import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, release } from "node:os";
import { fileURLToPath } from "node:url";
import type { BenchOptions } from "./options.js";
import { plot } from "./plot.js";
import { median, spread } from "./statistics.js";

/** One comparison; lower is better, and `ratio` is crikit's number over the peer's. */
export interface ResultRow {
  readonly what: string;
  readonly peer: string;
  readonly crikit: number;
  readonly other: number;
  readonly unit: string;
  readonly ratio: number;
  /** The middle half of the ratios of the rounds. */
  readonly spread: readonly [low: number, high: number];
  /** The ratio to reach; null where there is none. */
  readonly goal: number | null;
}

/** As `results.json` has it. */
interface KeptRow extends ResultRow {
  /** The benchmark by its name, `npm run bench -- NAME`. */
  readonly bench: string;
}

/** How busy others keep the machine. */
const [loadBefore = 0] = loadavg();

const directory = fileURLToPath(new URL("../../docs/performance/", import.meta.url));

/** Compares round by round, so that a slow moment of the machine weighs on both sides. */
export function compare(
  what: { what: string; peer: string; unit: string; goal: number | null },
  crikit: readonly number[],
  other: readonly number[],
): ResultRow {
  const ratios = crikit.map((time, round) => time / (other[round] ?? Number.NaN));
  const [low, high] = spread(ratios);
  return {
    what: what.what,
    peer: what.peer,
    crikit: rounded(median(crikit)),
    other: rounded(median(other)),
    unit: what.unit,
    ratio: rounded(median(ratios)),
    spread: [rounded(low), rounded(high)],
    goal: what.goal,
  };
}

export function markdownTable(rows: readonly ResultRow[]): string {
  const lines = rows.map(
    ({ what, peer, crikit, other, unit, ratio, spread: [low, high], goal }) =>
      `| ${what} | ${peer} | ${crikit} ${unit} | ${other} ${unit} | ${ratio} | ${low} to ${high} | ${goal ?? ""} |`,
  );
  return [
    "| what | peer | crikit | peer's | ratio | middle half of the rounds | goal |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

/** Prints the rows and writes them down, unless it was a try with another size or number of pods. */
export async function report(
  name: string,
  page: { title: string; text: string; rows: readonly ResultRow[] },
  { sizeBytes, pods }: BenchOptions,
): Promise<void> {
  console.log(markdownTable(page.rows));
  if (sizeBytes === undefined && pods === undefined) await writeResults(name, page);
}

/** Writes `docs/performance/NAME.md` with its plot, and puts the rows in place of those it had in `results.json`. */
export async function writeResults(
  name: string,
  { title, text, rows }: { title: string; text: string; rows: readonly ResultRow[] },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const picture = `![crikit's number over its peer's for each row, with its goal](${name}.svg)`;
  const command = `npm run bench -- ${name}`;
  const page = [`# ${title}`, text, picture, markdownTable(rows), machine(command)].join("\n\n");
  await writeFile(`${directory}${name}.svg`, plot(title, rows));
  await writeFile(`${directory}${name}.md`, `${page}\n`);
  const file = `${directory}results.json`;
  const kept = (await readRows(file)).filter(({ bench }) => bench !== name);
  const measured = rows.map((row): KeptRow => ({ bench: name, ...row }));
  await writeFile(file, `${JSON.stringify([...kept, ...measured], null, 2)}\n`);
}

async function readRows(file: string): Promise<KeptRow[]> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as KeptRow[];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function machine(command: string): string {
  const [cpu] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${date} by \`${command}\`: ${cpus().length} x ${cpu?.model.trim()}, Linux ${release()}, Node ${process.versions.node}; the load average was ${loadBefore.toFixed(1)} before. crikit is what a user has: the packed package, installed in a project of its own with its own dependencies alone. NODE_EXTRA_CA_CERTS is not set, with which each start of Node takes 40 ms more.`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
