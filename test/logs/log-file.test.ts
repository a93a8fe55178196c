import { appendFile, truncate, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { LogFile } from "../../src/logs/log-file.js";
import { records, useLogDirectory } from "./support/log-directory.js";

const log = useLogDirectory();

function open(): LogFile {
  const file = LogFile.open(log.path);
  if (!file) throw new Error("There is no file");
  return file;
}

/** Reads once, and gives the next read time to be begun and to end. */
async function readAndWait(file: LogFile): Promise<{ bytes: Buffer; copy: string }> {
  const bytes = await file.read();
  const copy = bytes.toString();
  await sleep(50);
  return { bytes, copy };
}

async function rest(file: LogFile): Promise<string> {
  let text = "";
  for (let bytes = await file.read(); bytes.length > 0; bytes = await file.read()) text += bytes.toString();
  return text;
}

describe("a log file, read ahead,", () => {
  test("gives bytes that stay until the next read", async () => {
    const written = records(0, 20_000);
    await writeFile(log.path, written);
    const file = open();
    const { bytes, copy } = await readAndWait(file);
    expect(bytes.toString()).toBe(copy);
    expect(copy + (await rest(file))).toBe(written);
    await file.close();
  });

  test("gives what was written after its end was read ahead", async () => {
    await writeFile(log.path, records(0, 20_000));
    let file = open();
    const { bytes } = await readAndWait(file);
    await file.close();

    // As long as one read.
    await truncate(log.path, bytes.length);
    file = open();
    await readAndWait(file);
    await appendFile(log.path, "written later");
    expect((await file.read()).toString()).toBe("written later");
    await file.close();
  });

  test("gives nothing of what was written over it by a truncation as what goes on", async () => {
    const written = records(0, 20_000);
    await writeFile(log.path, written);
    const file = open();
    const { copy } = await readAndWait(file);
    await writeFile(log.path, records(20_000, 50_000));
    const given = copy + (await rest(file));
    expect(file.isTruncated).toBe(true);
    expect(written.startsWith(given)).toBe(true);
    await file.rewind();
    expect(await rest(file)).toBe(records(20_000, 50_000));
    await file.close();
  });

  test("gives nothing from the middle of what was written to it after it was emptied at the start", async () => {
    await writeFile(log.path, records(0, 10));
    const file = open();
    await truncate(log.path, 0);
    await file.seekLine(file.sizeBytes - 10);
    await appendFile(log.path, records(10, 50));
    expect([await rest(file), file.isTruncated]).toEqual(["", true]);
    await file.close();
  });

  test("goes elsewhere, and is closed, while a read ahead is under way", async () => {
    const written = records(0, 20_000);
    await writeFile(log.path, written);
    const file = open();
    const first = await file.read();
    await file.seekLine(0);
    expect((await file.read()).equals(Buffer.from(written).subarray(0, first.length))).toBe(true);
    await file.close();
  });
});
