import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { appendFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const filler = " a line of a log, as long as many are: what happened, to whom, and how it went in the end";
const linesPerBatch = 1000;

/** Appends lines, each with its number, until the log has so many bytes. Resolves to how many they are. */
export async function fillLog(path: string, sizeBytes: number): Promise<number> {
  const file = createWriteStream(path, { flags: "a" });
  let lines = 0;
  for (let bytes = 0; bytes < sizeBytes; lines += linesPerBatch) {
    const batch = printLines(lines);
    bytes += batch.length;
    if (!file.write(batch)) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  return lines;
}

/** Appends one line. */
export async function writeLine(path: string, text: string): Promise<void> {
  await appendFile(path, `${microseconds()}000Z stdout F ${text}\n`);
}

/** Appends lines at an even pace, then one that says "end". Half-way the log is rotated, as kubelet would. */
export async function writeAtPace(path: string, lines: number, linesPerSecond: number): Promise<void> {
  let file = createWriteStream(path, { flags: "a" });
  const start = performance.now();
  for (let written = 0; written < lines; written += linesPerBatch) {
    const early = (written / linesPerSecond) * 1000 - (performance.now() - start);
    if (early > 0) await sleep(early);
    if (written === lines / 2) {
      await rename(path, `${path}.20260101-000000`);
      file.end();
      await once(file, "close");
      file = createWriteStream(path, { flags: "a" });
    }
    if (!file.write(printLines(written))) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  await writeLine(path, "end");
}

function printLines(first: number): string {
  const time = microseconds();
  let text = "";
  for (let index = 0; index < linesPerBatch; index++) {
    const nanoseconds = String(index).padStart(3, "0");
    text += `${time}${nanoseconds}Z stdout F ${first + index}${filler}\n`;
  }
  return text;
}

/** The time as fine as this process knows it, to be ended by nanoseconds: no two lines of a batch have the same. */
function microseconds(): string {
  const since1970 = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));
  const whole = new Date(Number(since1970 / 1000n)).toISOString().slice(0, 20);
  return `${whole}${String(since1970 % 1_000_000n).padStart(6, "0")}`;
}
