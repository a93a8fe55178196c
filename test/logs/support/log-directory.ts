import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { eachLine } from "../../../src/logs/line-sink.js";
import { type LogLine, toLogLine } from "../../../src/logs/log-line.js";
import { type ReadLogOptions, readLog } from "../../../src/logs/read-log.js";

/** A directory for each test, with the path of a log in it. */
export function useLogDirectory(): { readonly directory: string; readonly path: string } {
  const place = { directory: "", path: "" };
  beforeEach(async () => {
    place.directory = await mkdtemp(join(tmpdir(), "crikit-logs-"));
    place.path = join(place.directory, "0.log");
  });
  afterEach(async () => {
    await rm(place.directory, { recursive: true, force: true });
  });
  return place;
}

const startNs = BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1_000_000n;

/** Line n comes n milliseconds after the first. */
export function timeOf(number: number): bigint {
  return startNs + BigInt(number) * 1_000_000n;
}

export function timestamp(number: number): string {
  return new Date(Number(timeOf(number) / 1_000_000n)).toISOString();
}

export function record(
  number: number,
  { stream = "stdout", tag = "F", content = `line ${number}` } = {},
): string {
  return `${timestamp(number)} ${stream} ${tag} ${content}\n`;
}

export function records(from: number, to: number): string {
  let text = "";
  for (let number = from; number < to; number++) text += record(number);
  return text;
}

export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
}

export async function linesOf(path: string, options?: ReadLogOptions): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const batch of readLog(path, eachLine(toLogLine), options)) lines.push(...batch);
  return lines;
}

export async function textsOf(path: string, options?: ReadLogOptions): Promise<string[]> {
  return (await linesOf(path, options)).map(({ text }) => text);
}
