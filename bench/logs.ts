import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { crictlPath } from "../test/left-out.js";
import { crictlFlags } from "../test/support/crictl.js";
import { fillLog, writeAtPace, writeLine } from "./logs/log-file.js";
import { type BenchContainer, inContainer } from "./support/bench-container.js";
import { runClient } from "./support/client-process.js";
import { installedProgram } from "./support/installed.js";
import { type BenchOptions, printSize } from "./support/options.js";
import { inBundledRuntime, type Place } from "./support/places.js";
import { compare, type ResultRow, report } from "./support/results.js";
import { measureParts } from "./support/rounds.js";
import { median } from "./support/statistics.js";

const gibibyte = 2 ** 30;
const linesPerSecond = 100_000;
const program = (name: string) => installedProgram(new URL(`logs/${name}`, import.meta.url));

const text = (rounds: number) =>
  `The log of a running container on the bundled runtime, read by crikit's \`logs()\` to line objects, by \`logChunks()\` to its own output, and by \`crictl logs\` to its own; both outputs are /dev/null, and all three open the file themselves. Each is a process of its own and all of it counts, its start as well; memory is its peak. ${rounds} rounds, in which all take turns. No two lines have the same time, and all are of a few seconds. Then \`logs({ follow: true })\` beside a writer in another process of ${linesPerSecond} lines a second, whose log is rotated half-way: the lines lost or told again beside all that were written, its peak memory beside that after two seconds, and how long after its time in the log a line came, the longest in each tenth of a second, beside one second. The writer's lines come in batches of 1000.

What made lines fast, in nanoseconds for each: one async iterator written by hand in place of generators around generators (220), which count lines for OpenTelemetry as well (240 more, where its package is installed); a head that is compared with the one before, four bytes at a time, of which only the digits behind the minute are read (30), and a time that is made one number only where it is asked for; the next read done by a thread while this one is parsed (30, and waiting for a thread where the machine is busy); a class in place of a prototype that is set later (60); text decoded by the block of 4 KiB and cut (100), so that a line that is kept keeps no more than that; records that say where their bytes lie in place of a view (60). Chunks are made where they were read: each line is moved to the end of the one before (45 less than strings that are joined), and all are copied out at once. Of what is left for a line, the promise of an async iterator takes 65 and cannot take less than 42, a \`Date\` takes 50, its text 30. The \`Date\` stays: lines are plain data, whole when they are spread or printed.

What did not help: reads of 1 MiB in place of 128 KiB (2 to 4 %, for eight times the memory), 256 KiB, or 512; lines made only when they are asked for; parsing without an object for each record; heads compared eight bytes at a time; copying each line's bytes to another buffer with \`copy\`, \`set\` or a view, which takes three times as long as moving them with \`copyWithin\`, or in JavaScript, four or eight at a time as well; a regular expression that cuts the heads out of the text of a whole read; a string of 128 KiB or more, which V8 keeps among its large objects; \`__proto__\` in a literal, as slow as setting it later; a time in two 32-bit words in place of adding two \`bigint\`s; a getter of each line's own for its \`Date\`, which takes six times as long as the \`Date\`.

What a follower's memory grows by after two seconds is V8's space for what is young, 16 MB twice over, which it gives a program step by step: the more lines live at each of its collections, the sooner. On a busy machine, where they come by the hundred kilobytes, all of it was there after two seconds, and the peak was 1.02 of that, though 94 MB. The rest is less than 2 MB, of which the buffers of the new file after the rotation are 0.4. Fewer that live put it off and do not prevent it: with batches that are emptied as they are read, it was 79 MB after two seconds and the same 95 after thirty. Nor does a smaller space help: with \`--max-semi-space-size=2\` the lines of a batch outlive it, V8 moves them to where what is old lies, and the peak was 100 MB; 68 with batches that are emptied, but a program's V8 is not a library's to set.`;

/** A container's log, read as a whole and followed. */
export async function logs(options: BenchOptions): Promise<void> {
  const { sizeBytes = gibibyte, rounds = 5 } = options;
  const rows: ResultRow[] = [];
  await inBundledRuntime(async (place) => {
    const sleeping = ["sleep", "10000"];
    rows.push(...(await inContainer(place, sleeping, (made) => compareRead(place, made, rounds, sizeBytes))));
    rows.push(...(await inContainer(place, sleeping, (made) => follow(place, made, sizeBytes))));
  });
  await report("logs", { title: "Logs", text: text(rounds), rows }, options);
}

async function compareRead(
  { endpoint }: Place,
  { container, logPath }: BenchContainer,
  rounds: number,
  sizeBytes: number,
): Promise<ResultRow[]> {
  const lines = await fillLog(logPath, sizeBytes);
  const check = (said: string) => {
    if (!said.includes(`${lines} lines`)) throw new Error(`Not all ${lines} lines were read: ${said}`);
  };
  const client = await program("reader.mjs");
  const reader = (form: string) => ({
    name: form,
    run: () => runClient({ program: process.execPath, args: [client, endpoint, container.id, form] }, check),
  });
  const crictlArgs = crictlFlags(endpoint, ["logs", container.id]);
  const costs = await measureParts(
    [
      reader("lines"),
      reader("chunks"),
      { name: "crictl logs", run: () => runClient({ program: crictlPath, args: crictlArgs }) },
    ],
    { rounds },
  );
  const what = `log of ${printSize(sizeBytes)}`;
  const part = (name: string, cost: string) => costs.get(name)?.[cost] ?? [];
  const rowsOf = (form: string, name: string) => [
    compare(
      { what: name, peer: "crictl logs", unit: "ms", goal: 0.5 },
      part(form, "ms"),
      part("crictl logs", "ms"),
    ),
    compare(
      { what: `${name}: peak memory`, peer: "crictl logs", unit: "MB", goal: null },
      part(form, "peak"),
      part("crictl logs", "peak"),
    ),
  ];
  return [...rowsOf("lines", `${what}, read`), ...rowsOf("chunks", `${what}, copied to the output`)];
}

/** What `logs/follower.mjs` says. */
interface Followed {
  readonly lines: number;
  readonly lost: number;
  readonly lags: readonly number[];
  readonly earlyMemory: number;
  readonly peakMemory: number;
}

/** As long as a log of this size takes at this pace, about. */
async function follow(
  { endpoint }: Place,
  { container, logPath }: BenchContainer,
  sizeBytes: number,
): Promise<ResultRow[]> {
  const seconds = Math.max(5, Math.round((30 * sizeBytes) / gibibyte));
  const lines = linesPerSecond * seconds;
  await writeLine(logPath, "begin");
  const args = [await program("follower.mjs"), endpoint, container.id];
  const follower = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const said = createInterface(follower.stdout)[Symbol.asyncIterator]();
  await said.next();
  await writeAtPace(logPath, lines, linesPerSecond);
  const followed = JSON.parse((await said.next()).value) as Followed;
  const lost = followed.lost + lines - followed.lines;
  const what = `log of ${linesPerSecond} lines a second, followed for ${seconds} s`;
  const row = (name: string, peer: string, unit: string, goal: number, own: number, other: number) =>
    compare({ what: `${what}: ${name}`, peer, unit, goal }, [own], [other]);
  return [
    row("lines lost or told again", "lines written", "lines", 0, lost, lines),
    row("peak memory", "after 2 s", "MB", 1.1, followed.peakMemory, followed.earlyMemory),
    row("median lag", "one second", "ms", 1, median(followed.lags), 1000),
    row("longest lag", "one second", "ms", 1, Math.max(...followed.lags), 1000),
  ];
}
