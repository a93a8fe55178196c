import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { deferred } from "../../../../src/async/deferred.js";
import { contentOf, type LogRecord } from "../../../../src/logs/format.js";
import { followOutput } from "../../../../src/runtime/adapters/conmon/follow-output.js";
import { until } from "../../../support/until.js";

let directory: string;
let path: string;
let ended = deferred<void>();
let left: AbortController;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "crikit-test-"));
  path = join(directory, "output.log");
  writeFileSync(path, line("before"));
  ended = deferred();
  left = new AbortController();
});

afterEach(async () => {
  expect(await heldFiles()).toBe(0);
  rmSync(directory, { recursive: true });
});

function line(text: string): string {
  return `2026-01-02T03:04:05.000000000+00:00 stdout F ${text}\n`;
}

const write = (text: string) => appendFileSync(path, line(text));

/** As the monitor replaces a file that is full. */
function replace(): void {
  writeFileSync(`${path}.tmp`, "");
  renameSync(`${path}.tmp`, path);
}

async function heldFiles(): Promise<number> {
  const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).filter((target) => target.startsWith(path)).length;
}

const follow = (mostFiles: number) =>
  followOutput(path, { mostFiles, ended: ended.promise, signal: left.signal });

async function rest(records: AsyncIterable<LogRecord>, into: string[] = []): Promise<string[]> {
  for await (const record of records) into.push(contentOf(record).toString());
  return into;
}

describe("what a monitor writes from now on", () => {
  it("is read over all its files, however late the reader comes", async () => {
    const records = await follow(4);
    write("one");
    for (const [index, text] of ["two", "three", "four"].entries()) {
      replace();
      write(text);
      await until("it is held", async () => (await heldFiles()) === index + 2);
    }
    ended.resolve();
    expect(await rest(records)).toEqual(["one", "two", "three", "four"]);
  });

  it("is read as it comes, in the middle of a line too", async () => {
    const records = await follow(2);
    const seen: string[] = [];
    const reading = rest(records, seen);
    const text = line("in two pieces");
    appendFileSync(path, text.slice(0, 30));
    await new Promise((resolve) => setTimeout(resolve, 50));
    appendFileSync(path, text.slice(30));
    await until("it is read", () => seen.length === 1);
    replace();
    write("next");
    await until("it is read", () => seen.length === 2);
    ended.resolve();
    expect(await reading).toEqual(["in two pieces", "next"]);
  });

  it("ends with an error behind what was kept, for a reader who is too far behind", async () => {
    const records = await follow(2);
    for (const text of ["one", "two", "lost", "lost"]) {
      write(text);
      replace();
      await until("the machine has seen it", async () => (await heldFiles()) === 2);
    }
    const seen: string[] = [];
    await expect(rest(records, seen)).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(seen).toEqual(["one", "two"]);
  });

  it("ends with an error where a file came and went unseen", async () => {
    const records = await follow(9);
    write("one");
    replace();
    write("nobody sees this");
    // The kernel's clock of files ticks every few milliseconds. A real file takes longer to fill.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    replace();
    write("two");
    const seen: string[] = [];
    const reading = rest(records, seen);
    ended.resolve();
    await expect(reading).rejects.toThrow(/lost/);
    expect(seen).toEqual(["one"]);
  });

  it("ends with the reader's signal, and holds no file then", async () => {
    const records = await follow(2);
    const reading = rest(records);
    left.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
  });
});
