import { renameSync, writeFileSync } from "node:fs";
import { appendFile, open, rename, writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { contentOf } from "../../src/logs/format.js";
import { LogFile } from "../../src/logs/log-file.js";
import { LogSeries } from "../../src/logs/log-series.js";
import { numbered, records, useLogDirectory } from "./support/log-directory.js";

const log = useLogDirectory();

/** All that the series has by now. */
async function toEnd(series: LogSeries): Promise<string[]> {
  const texts: string[] = [];
  for (let batch = await series.read(); batch; batch = await series.read())
    texts.push(...batch.map((record) => contentOf(record).toString()));
  return texts;
}

/** A series that has left a file which is still written to, for the empty one that came after it. */
async function pastRotation() {
  await writeFile(log.path, records(0, 5));
  const writer = await open(log.path, "a");
  const file = LogFile.open(log.path);
  const series = new LogSeries(log.path, file ? [file] : [], {});
  expect(await toEnd(series)).toEqual(numbered(0, 5));
  await rename(log.path, `${log.path}.20260102-030405`);
  await writeFile(log.path, "");
  expect(series.notice()).toBe(true);
  expect(await toEnd(series)).toEqual([]);
  return { series, writer };
}

test.each([
  ["a line", 6],
  ["more than one read takes", 20_000],
])(
  "%s that was written to the old file late comes before what was written to the new one since",
  async (_what, end) => {
    const { series, writer } = await pastRotation();
    await writer.write(records(5, end));
    await writer.close();
    await appendFile(log.path, records(end, end + 5));
    expect(await toEnd(series)).toEqual(numbered(5, end + 5));
    await series.close();
  },
);

test("a line that was written to the old file late is not lost when the new one was rotated as well", async () => {
  const { series, writer } = await pastRotation();
  await writer.write(records(5, 6));
  await writer.close();
  await appendFile(log.path, records(6, 10));
  await rename(log.path, `${log.path}.20260102-030406`);
  await writeFile(log.path, records(10, 15));
  expect(series.notice()).toBe(true);
  expect(await toEnd(series)).toEqual(numbered(5, 15));
  await series.close();
});

/** Of what the series has by now, the lines that do not come behind the one before, and are not told as behind a gap. */
async function untold(series: LogSeries): Promise<string[]> {
  const lines: string[] = [];
  let last = -1;
  for (let batch = await series.read(); batch; batch = await series.read()) {
    for (const record of batch) {
      const number = Number(contentOf(record).toString().replace("line ", ""));
      if (number !== last + 1 && !record.gapBefore) lines.push(`${number} behind ${last}`);
      last = number;
    }
  }
  return lines;
}

async function seriesThatIsReplaced() {
  await writeFile(log.path, records(0, 1));
  const file = LogFile.open(log.path);
  const series = new LogSeries(log.path, file ? [file] : [], {});
  const replace = (number: number) => {
    writeFileSync(`${log.path}.tmp`, records(number, number + 1));
    renameSync(`${log.path}.tmp`, log.path);
  };
  return { series, replace };
}

test("of more files than are held for a slow reader each that is let go is told as a gap", async () => {
  const { series, replace } = await seriesThatIsReplaced();
  const first = await open(log.path);
  for (let number = 1; number < 100; number++) {
    replace(number);
    series.onRename();
    await setImmediate();
  }
  // So that its times do not tell that others came between.
  await first.chmod(0o600);
  await first.close();
  expect(await untold(series)).toEqual([]);
  await series.close();
});

test("a file that came and went is told as a gap where each word of it comes when a later one lies there", async () => {
  const { series, replace } = await seriesThatIsReplaced();
  for (let number = 1; number < 60; number += 3) {
    replace(number);
    replace(number + 1);
    series.onRename();
    replace(number + 2);
    series.onRename();
    series.onRename();
    await setImmediate();
  }
  expect(await untold(series)).toEqual([]);
  await series.close();
});
