import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { eachLine } from "../../src/logs/line-sink.js";
import { toLogLine } from "../../src/logs/log-line.js";
import { readLog } from "../../src/logs/read-log.js";
import { useLogDirectory } from "./support/log-directory.js";

const log = useLogDirectory();

const rotations = 100;
const linesPerFile = 500;

interface Rotation {
  way: "kubelet" | "replace" | "copyTruncate";
  /** How many rotated files are kept; none unless told. */
  keep?: number;
  /** Let the reader open each file before it is replaced. */
  waits?: boolean;
}

/** Follows a log that is written and rotated meanwhile. */
async function follow(rotation: Rotation): Promise<{ number: number; gapBefore: boolean }[]> {
  const writer = new Worker(new URL("./support/rotating-writer.mjs", import.meta.url), {
    workerData: { path: log.path, rotations, linesPerFile, keep: 0, waits: false, ...rotation },
  });
  const ended = once(writer, "exit").then(() => {});
  const lines = [];
  for await (const batch of readLog(log.path, eachLine(toLogLine), { follow: true, ended })) {
    for (const { text, gapBefore } of batch) lines.push({ number: Number(text), gapBefore });
  }
  return lines;
}

/** Where the lines do not go on by one. */
function breaks(lines: { number: number; gapBefore: boolean }[]): string[] {
  return lines.flatMap(({ number, gapBefore }, index) => {
    const expected = (lines[index - 1]?.number ?? -1) + 1;
    if (number === expected) return [];
    return [`${gapBefore && number > expected ? "told: " : ""}${number} in place of ${expected}`];
  });
}

describe("a fast log that is rotated a hundred times, followed", () => {
  test("has each line once and in order when it is renamed, reopened and compressed, as kubelet does", async () => {
    const lines = await follow({ way: "kubelet", keep: rotations });
    expect(breaks(lines)).toEqual([]);
    expect(lines).toHaveLength((rotations + 1) * linesPerFile + rotations * 10);
    expect(lines.some(({ gapBefore }) => gapBefore)).toBe(false);
  });

  test("has each line once and in order when a new file is put in its place, as conmon does", async () => {
    const lines = await follow({ way: "replace", waits: true });
    expect(breaks(lines)).toEqual([]);
    expect(lines).toHaveLength((rotations + 1) * linesPerFile);
    expect(lines.some(({ gapBefore }) => gapBefore)).toBe(false);
  });

  test("has each line once and in order when it is copied and truncated, as logrotate does", async () => {
    const lines = await follow({ way: "copyTruncate", keep: rotations });
    expect(breaks(lines)).toEqual([]);
    expect(lines).toHaveLength((rotations + 1) * linesPerFile);
  });
});

describe("a log that is rotated faster than anyone could follow", () => {
  test.each([
    ["a new file is put in its place before the last was looked at", { way: "replace" }],
    ["files are removed before they were looked at", { way: "kubelet", keep: 1 }],
    ["copies are removed before they were looked at", { way: "copyTruncate", keep: 2 }],
  ] as const)("has its lines in order and tells of each loss when %s", async (_what, rotation) => {
    const lines = await follow(rotation);
    expect(breaks(lines).filter((jump) => !jump.startsWith("told: "))).toEqual([]);
    expect(lines.at(-1)?.number).toBeGreaterThan(rotations * linesPerFile);
  });
});
