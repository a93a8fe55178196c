import { appendFile, mkdir, truncate, utimes, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  linesOf,
  numbered,
  record,
  records,
  textsOf,
  timeOf,
  useLogDirectory,
} from "./support/log-directory.js";

const log = useLogDirectory();

describe("rotated files are read before the present one", () => {
  test("kubelet's, the older ones compressed", async () => {
    await writeFile(`${log.path}.20260102-030405.gz`, gzipSync(records(0, 5_000)));
    await writeFile(`${log.path}.20260102-030406.gz`, gzipSync(records(5_000, 10_000)));
    await writeFile(`${log.path}.20260102-030407`, records(10_000, 10_100));
    await writeFile(log.path, records(10_100, 10_110));
    const lines = await linesOf(log.path);
    expect(lines.map(({ text }) => text)).toEqual(numbered(0, 10_110));
    expect(lines.some(({ gapBefore }) => gapBefore)).toBe(false);
  });

  test("numbered ones, of which the higher are the older, past nine", async () => {
    for (let number = 12; number > 0; number--) {
      const text = records(12 - number, 13 - number);
      if (number > 2) await writeFile(`${log.path}.${number}.gz`, gzipSync(text));
      else await writeFile(`${log.path}.${number}`, text);
    }
    await writeFile(log.path, records(12, 13));
    expect(await textsOf(log.path)).toEqual(numbered(0, 13));
  });

  test("logrotate's with a date, and when there is no present one", async () => {
    await writeFile(`${log.path}-20260101.gz`, gzipSync(records(0, 2)));
    await writeFile(`${log.path}-20260102`, records(2, 4));
    expect(await textsOf(log.path)).toEqual(numbered(0, 4));
  });

  test("one that is being compressed counts once, half-made files and strangers not at all", async () => {
    await writeFile(`${log.path}.20260102-030405`, records(0, 2));
    await writeFile(`${log.path}.20260102-030405.gz`, gzipSync(records(0, 2)).subarray(0, 20));
    await writeFile(`${log.path}.20260102-030404.gz.tmp`, "half");
    await writeFile(`${log.path}.pos`, "17\n");
    await mkdir(`${log.path}.d`);
    await writeFile(`${log.path}2`, records(50, 52));
    await writeFile(log.path, records(2, 3));
    expect(await textsOf(log.path)).toEqual(numbered(0, 3));
  });

  test("one that ends in the middle of a line tells that before what comes after it, and nothing goes on there", async () => {
    const torn = record(2, { tag: "P", content: "to" }) + record(3, { content: "rn" }).slice(0, -1);
    await writeFile(`${log.path}.1`, records(0, 2) + torn);
    await utimes(`${log.path}.1`, new Date(0), new Date(0));
    await writeFile(log.path, records(4, 6));
    const lines = await linesOf(log.path);
    expect(lines.map(({ text, partial }) => [text, partial])).toEqual([
      ["line 0", false],
      ["line 1", false],
      ["torn", true],
      ["line 4", false],
      ["line 5", false],
    ]);
    expect(await textsOf(log.path, { tail: 3 })).toEqual(["torn", "line 4", "line 5"]);
  });

  test("`history: false` reads the present one alone", async () => {
    await writeFile(`${log.path}.1`, records(0, 2));
    await writeFile(log.path, records(2, 3));
    expect(await textsOf(log.path, { history: false })).toEqual(["line 2"]);
  });

  test("what a damaged one lacks is told on the line that follows", async () => {
    const whole = gzipSync(records(0, 5_000));
    await writeFile(`${log.path}.1.gz`, whole.subarray(0, whole.length / 2));
    await writeFile(log.path, records(5_000, 5_001));
    const lines = await linesOf(log.path);
    const count = lines.length - 1;
    expect(count).toBeGreaterThan(10);
    expect(lines.slice(0, -2).map(({ text }) => text)).toEqual(numbered(0, count - 1));
    expect(lines.at(-1)).toMatchObject({ text: "line 5000", gapBefore: true });
  });

  test("one that was written to last before `sinceNs` is not opened", async () => {
    await writeFile(`${log.path}.1.gz`, "no gzip");
    await utimes(`${log.path}.1.gz`, 1_000, 1_000);
    await writeFile(`${log.path}.2`, records(0, 10));
    await writeFile(log.path, records(10, 20));
    expect(await textsOf(log.path, { sinceNs: timeOf(5) })).toEqual(numbered(5, 20));
  });

  test("a log that was copied and truncated is read from both", async () => {
    await writeFile(`${log.path}.1`, records(0, 10));
    await writeFile(log.path, records(0, 10));
    await truncate(log.path);
    await appendFile(log.path, records(10, 12));
    expect(await textsOf(log.path)).toEqual(numbered(0, 12));
  });
});
