import { describe, expect, test } from "vitest";
import { HeadReader } from "../../src/logs/head-reader.js";
import { timeNsOf } from "../../src/logs/timestamp.js";

/** What one reader reads of these lines, one after the other. */
function readAll(...lines: string[]): (string | undefined)[] {
  const reader = new HeadReader();
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  let start = 0;
  return lines.map((line) => {
    const end = start + line.length;
    const isHead = reader.read(bytes, start, end);
    const content = bytes.toString("utf8", reader.end, end);
    start = end + 1;
    if (!isHead) return undefined;
    const time = new Date(Number(timeNsOf(reader) / 1_000_000n)).toISOString();
    const fraction = String(timeNsOf(reader) % 1_000_000_000n).padStart(9, "0");
    return `${time.slice(0, 20)}${fraction} ${reader.stream} ${reader.partial ? "P" : "F"} ${content}`;
  });
}

const first = "2026-01-02T03:04:05.678901234Z stdout F first";
const firstRead = "2026-01-02T03:04:05.678901234 stdout F first";

describe("HeadReader, after a head with nine digits behind the point,", () => {
  test.each([
    ["the same", first, firstRead],
    [
      "another fraction",
      "2026-01-02T03:04:05.000000001Z stdout F x",
      "2026-01-02T03:04:05.000000001 stdout F x",
    ],
    [
      "a later second",
      "2026-01-02T03:04:59.678901234Z stdout F x",
      "2026-01-02T03:04:59.678901234 stdout F x",
    ],
    [
      "an earlier second",
      "2026-01-02T03:04:00.678901234Z stdout F x",
      "2026-01-02T03:04:00.678901234 stdout F x",
    ],
    [
      "another minute",
      "2026-01-02T03:05:05.678901234Z stdout F x",
      "2026-01-02T03:05:05.678901234 stdout F x",
    ],
    [
      "another stream",
      "2026-01-02T03:04:05.678901234Z stderr F x",
      "2026-01-02T03:04:05.678901234 stderr F x",
    ],
    ["another tag", "2026-01-02T03:04:05.678901234Z stdout P x", "2026-01-02T03:04:05.678901234 stdout P x"],
    [
      "more tags",
      "2026-01-02T03:04:05.678901234Z stdout F:a:b x",
      "2026-01-02T03:04:05.678901234 stdout F x",
    ],
    [
      "an offset",
      "2026-01-02T03:04:05.678901234+01:00 stdout F x",
      "2026-01-02T02:04:05.678901234 stdout F x",
    ],
    ["fewer digits", "2026-01-02T03:04:05.6789Z stdout F x", "2026-01-02T03:04:05.678900000 stdout F x"],
    ["more digits", "2026-01-02T03:04:05.6789012345Z stdout F x", "2026-01-02T03:04:05.678901234 stdout F x"],
    ["no fraction", "2026-01-02T03:04:05Z stdout F x", "2026-01-02T03:04:05.000000000 stdout F x"],
    ["no content", "2026-01-02T03:04:05.678901234Z stdout F ", "2026-01-02T03:04:05.678901234 stdout F "],
    ["no last space", "2026-01-02T03:04:05.678901234Z stdout F", "2026-01-02T03:04:05.678901234 stdout F "],
  ])("reads one with %s, and the first again", (_what, line, read) => {
    expect(readAll(first, line, first)).toEqual([firstRead, read, firstRead]);
    expect(readAll(first, first, line, line, first)).toEqual([firstRead, firstRead, read, read, firstRead]);
  });

  test.each([
    ["a second that is none", "2026-01-02T03:04:60.678901234Z stdout F x"],
    ["a letter in the second", "2026-01-02T03:04:0x.678901234Z stdout F x"],
    ["a comma", "2026-01-02T03:04:05,678901234Z stdout F x"],
    ["a letter in the fraction", "2026-01-02T03:04:05.67890123xZ stdout F x"],
    ["another sign in the date", "2026-01-02 03:04:05.678901234Z stdout F x"],
    ["another stream", "2026-01-02T03:04:05.678901234Z stdlog F x"],
    ["another tag", "2026-01-02T03:04:05.678901234Z stdout X x"],
    ["a tag that only begins as one", "2026-01-02T03:04:05.678901234Z stdout Fx"],
    ["its end missing", "2026-01-02T03:04:05.678901234Z stdout"],
    ["nothing", ""],
  ])("refuses one with %s, and reads the first again", (_what, line) => {
    expect(readAll(first, line, first)).toEqual([firstRead, undefined, firstRead]);
  });

  test("without a space at its end, reads one with a space", () => {
    const bare = first.slice(0, -" first".length);
    expect(readAll(bare, first, bare)).toEqual([
      firstRead.slice(0, -"first".length),
      firstRead,
      firstRead.slice(0, -"first".length),
    ]);
  });
});
