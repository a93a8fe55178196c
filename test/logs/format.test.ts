import { describe, expect, test } from "vitest";
import { contentOf, parseLogRecord } from "../../src/logs/format.js";
import { parseTimestamp, timeMsOf, timeNsOf } from "../../src/logs/timestamp.js";

function parse(line: string) {
  const bytes = Buffer.from(`before${line}\nafter`);
  const record = parseLogRecord(bytes, "before".length, bytes.length - "\nafter".length);
  return record && { ...record, timeNs: timeNsOf(record), content: contentOf(record).toString() };
}

describe("parseLogRecord", () => {
  test("reads time, stream, tag and content", () => {
    expect(parse("2016-10-06T00:17:09.669794202Z stdout F hello  world ")).toMatchObject({
      timeNs: 1475713029669794202n,
      stream: "stdout",
      partial: false,
      content: "hello  world ",
    });
  });

  test.each([
    ["a partial record", "2016-10-06T00:17:09.669794202Z stderr P half", true, "half"],
    ["more tags, which it ignores", "2016-10-06T00:17:09.6Z stdout P:TAG1:TAG2 half", true, "half"],
    ["an empty line", "2016-10-06T00:17:09.6Z stdout F ", false, ""],
    ["an empty line without the last space", "2016-10-06T00:17:09.6Z stdout F", false, ""],
  ])("takes %s", (_what, line, partial, content) => {
    expect(parse(line)).toMatchObject({ partial, content });
  });

  test.each([
    ["docker's JSON", '{"log":"x\\n","stream":"stdout","time":"2016-10-06T00:17:09.6Z"}'],
    ["a month that is none", "2016-13-06T00:17:09.6Z stdout F x"],
    ["a time without a zone", "2016-10-06T00:17:09.6 stdout F x"],
    ["a point without digits", "2016-10-06T00:17:09.Z stdout F x"],
    ["an offset that is none", "2016-10-06T00:17:09.6+25:00 stdout F x"],
    ["more behind the time", "2016-10-06T00:17:09.6ZZ stdout F x"],
    ["another stream", "2016-10-06T00:17:09.6Z stdlog F x"],
    ["another tag", "2016-10-06T00:17:09.6Z stdout X x"],
    ["too few fields", "2016-10-06T00:17:09.6Z stdout"],
    ["a tag that only begins as one", "2016-10-06T00:17:09.6Z stdout FP x"],
    ["nothing", ""],
  ])("refuses %s", (_what, line) => {
    expect(parse(line)).toBeUndefined();
  });
});

describe("parseTimestamp", () => {
  test.each([
    ["no fraction", "2024-02-29T12:00:00Z", 1709208000_000000000n],
    ["one digit", "2024-02-29T12:00:00.5Z", 1709208000_500000000n],
    ["nine digits", "2024-02-29T12:00:00.123456789Z", 1709208000_123456789n],
    ["twelve digits, cut", "2024-02-29T12:00:00.123456789999Z", 1709208000_123456789n],
    ["an offset as conmon writes it", "2024-02-29T13:30:00.000000001+01:30", 1709208000_000000001n],
    ["the same second in another offset", "2024-02-29T12:00:00.000000002-01:00", 1709211600_000000002n],
    ["an offset behind UTC", "2024-02-29T07:00:00.000000001-05:00", 1709208000_000000001n],
  ])("takes %s", (_what, text, expected) => {
    const timestamp = parseTimestamp(text);
    expect(timestamp && timeNsOf(timestamp)).toBe(expected);
    expect(timestamp && timeMsOf(timestamp)).toBe(Number(expected / 1_000_000n));
  });
});
