import { appendFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { limitBytes } from "../../src/logs/limit-bytes.js";
import { eachLine } from "../../src/logs/line-sink.js";
import { type LogLine, type RawLogLine, toLogLine, toRawLogLine } from "../../src/logs/log-line.js";
import { readLog } from "../../src/logs/read-log.js";
import {
  linesOf,
  numbered,
  record,
  records,
  textsOf,
  timeOf,
  timestamp,
  useLogDirectory,
} from "./support/log-directory.js";

const log = useLogDirectory();

async function limited(limit: number): Promise<{ text: string; partial: boolean }[]> {
  const lines: { text: string; partial: boolean }[] = [];
  for await (const batch of limitBytes<LogLine>(readLog(log.path, eachLine(toLogLine)), limit)) {
    lines.push(...batch.map(({ text, partial }) => ({ text, partial })));
  }
  return lines;
}

function docker(number: number, text: string, stream = "stdout"): string {
  return `${JSON.stringify({ log: text, stream, time: timestamp(number) })}\n`;
}

describe("readLog", () => {
  test("gives the lines of a time, both ends included, and of a stream", async () => {
    await writeFile(log.path, records(0, 10) + record(10, { stream: "stderr" }));
    expect(await textsOf(log.path, { sinceNs: timeOf(2), untilNs: timeOf(4) })).toEqual(numbered(2, 5));
    expect(await textsOf(log.path, { streams: ["stderr"] })).toEqual(["line 10"]);
  });

  test("reads Docker's JSON lines and joins those that it has split", async () => {
    await writeFile(
      log.path,
      docker(0, "first\n") +
        docker(1, "lo") +
        docker(2, "oops\n", "stderr") +
        docker(3, "ng\n") +
        docker(4, "end"),
    );
    const lines = await linesOf(log.path);
    expect(lines.map(({ text, stream, partial }) => [text, stream, partial])).toEqual([
      ["first", "stdout", false],
      ["oops", "stderr", false],
      ["long", "stdout", false],
      ["end", "stdout", true],
    ]);
    expect(lines[1]?.timeNs).toBe(timeOf(2));
  });

  test("gives bytes as they are, without the line end", async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x0d]);
    await writeFile(
      log.path,
      Buffer.concat([Buffer.from(`${timestamp(0)} stdout F `), bytes, Buffer.from("\n")]),
    );
    const lines: RawLogLine[] = [];
    for await (const batch of readLog(log.path, eachLine(toRawLogLine))) lines.push(...batch);
    expect(lines).toMatchObject([{ timeNs: timeOf(0), bytes: bytes.subarray(0, 3) }]);
    expect(lines[0]).not.toHaveProperty("text");
  });

  test("decodes each line for itself, whatever stands before and behind it", async () => {
    const contents = [
      ...Array.from({ length: 200 }, (_, number) => Buffer.from(`plain ${number}`)),
      Buffer.from("€ and äöü, 漢字 and 😀"),
      Buffer.from([0xe2, 0x82]),
      Buffer.from([0xac, 0x41]),
      Buffer.from([0xff, 0xfe, 0x42]),
      Buffer.from("x".repeat(5_000)),
      Buffer.from("ü".repeat(3_000)),
      ...Array.from({ length: 200 }, (_, number) => Buffer.from(`plain again ${number}`)),
    ];
    const head = Buffer.from(`${timestamp(0)} stdout F `);
    for (const bytes of contents) await appendFile(log.path, Buffer.concat([head, bytes, Buffer.from("\n")]));
    expect(await textsOf(log.path)).toEqual(contents.map((bytes) => bytes.toString()));
  });

  test("ends after so many bytes, line ends counted, between two characters", async () => {
    await writeFile(log.path, record(0, { content: "abc" }) + record(1, { content: "d€f" }) + record(2));
    expect(await limited(4)).toEqual([{ text: "abc", partial: false }]);
    expect(await limited(7)).toEqual([
      { text: "abc", partial: false },
      { text: "d", partial: true },
    ]);
    expect(await limited(2)).toEqual([{ text: "ab", partial: true }]);
    expect(await limited(6)).toEqual([
      { text: "abc", partial: false },
      { text: "d", partial: true },
    ]);
    expect(await limited(1_000)).toHaveLength(3);
  });

  test("gives no line that is cut to nothing, and none at all of no bytes, without waiting for one", async () => {
    await writeFile(log.path, record(0, { content: "€" }));
    expect(await limited(1)).toEqual([]);
    await writeFile(log.path, "");
    const followed = readLog(log.path, eachLine(toLogLine), { follow: true });
    expect(await limitBytes<LogLine>(followed, 0).next()).toEqual({ done: true, value: undefined });
  });

  test("says that lines are missing where the file holds something that is none", async () => {
    await writeFile(log.path, `${records(0, 1)}torn by a crash\n${records(2, 4)}`);
    const lines = await linesOf(log.path);
    expect(lines.map(({ text, gapBefore }) => [text, gapBefore])).toEqual([
      ["line 0", false],
      ["line 2", true],
      ["line 3", false],
    ]);
  });

  test("passes over the hole before a line of a writer that did not notice a truncation", async () => {
    await writeFile(log.path, Buffer.concat([Buffer.alloc(3 * 1024 * 1024), Buffer.from(records(0, 2))]));
    expect(await textsOf(log.path)).toEqual(numbered(0, 2));
  });

  test("gives a record without an end in pieces, so that memory stays bounded", async () => {
    await writeFile(log.path, record(0, { content: "x".repeat(2_500_000) }) + record(1));
    const lines = await linesOf(log.path);
    expect(lines.slice(0, -2).every(({ partial }) => partial)).toBe(true);
    expect(lines.slice(0, -1).reduce((sum, { text }) => sum + text.length, 0)).toBe(2_500_000);
    expect(lines.at(-1)).toMatchObject({ text: "line 1", partial: false });
  });

  test("gives a long line of Docker's in pieces too, wherever it stands", async () => {
    const long = "x".repeat(2_500_000);
    await writeFile(log.path, docker(0, `${long}\n`) + docker(1, "short\n") + docker(2, long));
    const lines = await linesOf(log.path);
    expect(lines.map(({ text, partial, gapBefore }) => [text.length, partial, gapBefore])).toEqual([
      [1024 * 1024, true, false],
      [1024 * 1024, true, false],
      [2_500_000 - 2 * 1024 * 1024, false, false],
      [5, false, false],
      [1024 * 1024, true, false],
      [1024 * 1024, true, false],
      [2_500_000 - 2 * 1024 * 1024, true, false],
    ]);
    expect(lines.slice(4).every(({ timeNs }) => timeNs === timeOf(2))).toBe(true);
  });

  test("tells a line of Docker's that is too long to be kept as a gap", async () => {
    await writeFile(log.path, docker(0, `${"x".repeat(20 * 1024 * 1024)}\n`) + docker(1, "short\n"));
    expect(await linesOf(log.path)).toMatchObject([{ text: "short", gapBefore: true }]);
  });
});
