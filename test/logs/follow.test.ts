import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import {
  appendFile,
  copyFile,
  mkdtemp,
  open,
  readdir,
  readlink,
  rename,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deferred } from "../../src/async/deferred.js";
import { NotFoundError } from "../../src/errors.js";
import { eachLine } from "../../src/logs/line-sink.js";
import { type LogLine, toLogLine } from "../../src/logs/log-line.js";
import { type ReadLogOptions, readLog } from "../../src/logs/read-log.js";
import { until } from "../support/until.js";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-logs-"));
  path = join(directory, "0.log");
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function record(content: string, { stream = "stdout", tag = "F" } = {}): string {
  return `2026-01-02T03:04:05.123456789Z ${stream} ${tag} ${content}\n`;
}

function records(from: number, to: number): string {
  let text = "";
  for (let number = from; number < to; number++) text += record(`line ${number}`);
  return text;
}

/** The same, each a millisecond later than the one before. */
function timed(from: number, to: number): string {
  let text = "";
  for (let number = from; number < to; number++) {
    text += `${new Date(Date.UTC(2026, 0, 2, 3, 4, 6) + number).toISOString()} stdout F line ${number}\n`;
  }
  return text;
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
}

async function* readLines(options?: ReadLogOptions): AsyncGenerator<LogLine, void> {
  for await (const lines of readLog(path, eachLine(toLogLine), options)) yield* lines;
}

async function texts(options?: ReadLogOptions): Promise<string[]> {
  const all: string[] = [];
  for await (const line of readLines(options)) all.push(line.text);
  return all;
}

/** Follows in the background; `until(n)` waits for the n-th line, `end()` says that the container has ended. */
function startFollowing(options: ReadLogOptions = {}) {
  const ended = deferred<void>();
  const lines: string[] = [];
  const gaps: string[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  const done = (async () => {
    for await (const line of readLines({ follow: true, ended: ended.promise, ...options })) {
      lines.push(line.text);
      if (line.gapBefore) gaps.push(line.text);
      for (const waiter of waiters) if (lines.length >= waiter.count) waiter.resolve();
    }
  })();
  return {
    lines,
    gaps,
    done,
    end: () => ended.resolve(),
    async until(count: number): Promise<void> {
      if (lines.length >= count) return;
      const { promise, resolve } = deferred<void>();
      waiters.push({ count, resolve });
      await promise;
    },
  };
}

/** Whether this process is told what happens in the directory of the log. */
function isWatched(): boolean {
  const inode = `ino:${statSync(directory).ino.toString(16)} `;
  return readdirSync("/proc/self/fdinfo").some((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").includes(inode);
    } catch {
      return false;
    }
  });
}

describe("readLog", () => {
  test("gives each line with its stream and its time to the nanosecond", async () => {
    await writeFile(path, record("out") + record("err", { stream: "stderr" }));
    const lines = [];
    for await (const line of readLines()) lines.push(line);
    const time = { timeNs: 1767323045123456789n, time: new Date("2026-01-02T03:04:05.123Z") };
    expect(lines).toEqual([
      { ...time, stream: "stdout", text: "out", partial: false, gapBefore: false },
      { ...time, stream: "stderr", text: "err", partial: false, gapBefore: false },
    ]);
  });

  test("puts the parts of a line together when the streams come in turns and a character is cut", async () => {
    const euro = Buffer.from("€");
    const part = (bytes: Buffer, tag: string, stream = "stdout") =>
      Buffer.concat([Buffer.from(`2026-01-02T03:04:05Z ${stream} ${tag} `), bytes, Buffer.from("\n")]);
    await writeFile(
      path,
      Buffer.concat([
        part(euro.subarray(0, 1), "P"),
        part(Buffer.from("warn"), "P", "stderr"),
        part(Buffer.concat([euro.subarray(1), Buffer.from(" and")]), "P"),
        part(Buffer.from("ing"), "F", "stderr"),
        part(Buffer.from(" more"), "F"),
      ]),
    );
    expect(await texts()).toEqual(["warning", "€ and more"]);
  });

  test("gives a line without an end as a partial one", async () => {
    await writeFile(path, record("whole") + record("cut sho", { tag: "P" }));
    const lines = [];
    for await (const { text, partial } of readLines()) lines.push({ text, partial });
    expect(lines).toEqual([
      { text: "whole", partial: false },
      { text: "cut sho", partial: true },
    ]);
  });

  test("cuts a line that never ends, so that memory stays bounded", async () => {
    const part = record("x".repeat(16 * 1024), { tag: "P" });
    await writeFile(path, part.repeat(130));
    const lines = [];
    for await (const { text, partial } of readLines()) lines.push({ length: text.length, partial });
    expect(lines).toEqual([
      { length: 1024 * 1024, partial: true },
      { length: 1024 * 1024, partial: true },
      { length: 2 * 16 * 1024, partial: true },
    ]);
  });

  test("takes whole lines wherever its reads end", async () => {
    await writeFile(path, records(0, 20_000));
    expect(await texts()).toEqual(numbered(0, 20_000));
  });

  test("`tail` gives the last lines, `sinceNs` those of a time and later", async () => {
    await writeFile(path, records(0, 5_000));
    expect(await texts({ tail: 2 })).toEqual(["line 4998", "line 4999"]);
    expect(await texts({ tail: 0 })).toEqual([]);
    expect(await texts({ tail: 9_999 })).toHaveLength(5_000);
    expect(await texts({ sinceNs: 1767323045123456789n })).toHaveLength(5_000);
    expect(await texts({ sinceNs: 1767323045123456790n })).toEqual([]);
  });

  test("takes a file that is not there as empty, and says so when its directory is missing", async () => {
    expect(await texts()).toEqual([]);
    path = join(directory, "gone", "0.log");
    const error = await texts().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toHaveProperty("message", expect.stringContaining(join(directory, "gone")));
  });

  test("refuses a file that is no CRI log", async () => {
    await writeFile(path, '{"log":"hello"}\n');
    await expect(texts()).rejects.toMatchObject({
      code: "data_loss",
      message: expect.stringContaining(path),
    });
  });
});

describe("readLog with follow", () => {
  test("goes on with what is written later and ends when the container has ended", async () => {
    await writeFile(path, records(0, 3));
    const log = startFollowing();
    await log.until(3);
    await appendFile(path, records(3, 5));
    await log.until(5);
    await appendFile(path, records(5, 6));
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 6));
  });

  test("waits for a file that is not there yet", async () => {
    const log = startFollowing();
    await writeFile(path, records(0, 1));
    await log.until(1);
    log.end();
    await log.done;
    expect(log.lines).toEqual(["line 0"]);
  });

  describe("when more than one file came before the first could be opened", () => {
    async function followFrom(writeAndRotate: () => void, count: number) {
      const log = startFollowing();
      await until("the directory is watched", isWatched);
      writeFileSync(path, timed(0, 5));
      writeAndRotate();
      await log.until(count);
      log.end();
      await log.done;
      return log;
    }

    function putAwayTwo() {
      renameSync(path, `${path}.20260102-030405`);
      writeFileSync(path, timed(5, 10));
      renameSync(path, `${path}.20260102-030406`);
      writeFileSync(path, timed(10, 15));
    }

    test("misses nothing and tells no gap when they were put away", async () => {
      const log = await followFrom(putAwayTwo, 15);
      expect(log.lines).toEqual(numbered(0, 15));
      expect(log.gaps).toEqual([]);
    });

    test("tells a gap when the first was put away and removed", async () => {
      const log = await followFrom(() => {
        putAwayTwo();
        rmSync(`${path}.20260102-030405`);
      }, 10);
      expect(log.lines).toEqual(numbered(5, 15));
      expect(log.gaps).toContain("line 5");
    });

    test("tells a gap when one was renamed over the other", async () => {
      const log = await followFrom(() => {
        writeFileSync(`${path}.tmp`, timed(5, 10));
        renameSync(`${path}.tmp`, path);
      }, 5);
      expect(log.lines).toEqual(numbered(5, 10));
      expect(log.gaps).toEqual(["line 5"]);
    });

    test("tells a gap when it is one that was copied and truncated", async () => {
      const log = await followFrom(() => {
        copyFileSync(path, `${path}.1`);
        truncateSync(path);
        appendFileSync(path, timed(5, 10));
      }, 10);
      expect(log.lines).toEqual(numbered(0, 10));
      expect(log.gaps).toContain("line 5");
    });
  });

  test("ends without a line when the container ends without a file", async () => {
    const log = startFollowing();
    log.end();
    await log.done;
    expect(log.lines).toEqual([]);
  });

  test("`tail` counts the lines there are and follows from there", async () => {
    await writeFile(path, records(0, 10));
    const log = startFollowing({ tail: 1 });
    await log.until(1);
    await appendFile(path, records(10, 12));
    await log.until(3);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(9, 12));
  });

  test("reads the old file to its end and then the new one when the log is renamed and reopened", async () => {
    const writer = await open(path, "a");
    await writer.write(records(0, 2));
    const log = startFollowing();
    await log.until(2);
    await rename(path, `${path}.20260102-030405`);
    await writer.write(records(2, 4));
    await writeFile(path, records(5, 7));
    await writer.write(records(4, 5));
    await writer.close();
    await log.until(7);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 7));
  });

  test("puts a line together whose parts lie in the old and in the new file", async () => {
    await writeFile(path, record("first") + record("from here ", { tag: "P" }));
    const log = startFollowing();
    await log.until(1);
    await rename(path, `${path}.1`);
    await writeFile(path, record("to there"));
    await log.until(2);
    log.end();
    await log.done;
    expect(log.lines).toEqual(["first", "from here to there"]);
  });

  test("loses nothing when a new file is renamed over the old one, as conmon does", async () => {
    await writeFile(path, records(0, 2));
    const log = startFollowing();
    await log.until(2);
    await appendFile(path, records(2, 100));
    await writeFile(`${path}.tmp`, records(100, 200));
    await rename(`${path}.tmp`, path);
    await log.until(200);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 200));
  });

  test("starts again at the beginning when the file is truncated", async () => {
    await writeFile(path, records(0, 100));
    const log = startFollowing();
    await log.until(100);
    await truncate(path, 0);
    await appendFile(path, records(100, 101));
    await log.until(101);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 101));
  });

  test("notices a truncation also when the file has grown beyond its old end since", async () => {
    await writeFile(path, records(0, 5));
    const log = startFollowing();
    await log.until(5);
    await copyFile(path, `${path}.1`);
    await writeFile(path, records(5, 50));
    await log.until(50);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 50));
    expect(log.gaps).toEqual(["line 5"]);
  });

  test("reads what it had not read before a truncation from the copy", async () => {
    await writeFile(path, records(0, 5));
    const log = startFollowing();
    await log.until(5);
    writeFileSync(`${path}.1.gz`, gzipSync(records(0, 20)));
    writeFileSync(path, records(20, 21));
    await log.until(21);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 21));
    expect(log.gaps).toEqual(["line 20"]);
  });

  test("reads files that came and were rotated between two looks", async () => {
    await writeFile(path, records(0, 5));
    const log = startFollowing();
    await log.until(5);
    renameSync(path, `${path}.20260102-030405`);
    writeFileSync(`${path}.20260102-030406.gz`, gzipSync(timed(5, 10)));
    writeFileSync(`${path}.20260102-030407`, timed(10, 15));
    writeFileSync(path, timed(15, 20));
    await log.until(20);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 20));
    expect(log.gaps).toEqual([]);
  });

  test("says what may be missing when a file was replaced before it could be opened", async () => {
    await writeFile(path, records(0, 5));
    const log = startFollowing();
    await log.until(5);
    for (const from of [5, 10]) {
      writeFileSync(`${path}.tmp`, timed(from, from + 5));
      renameSync(`${path}.tmp`, path);
    }
    await log.until(10);
    log.end();
    await log.done;
    expect(log.lines).toEqual([...numbered(0, 5), ...numbered(10, 15)]);
    expect(log.gaps).toEqual(["line 10"]);
  });

  test("repeats nothing when a rotation is undone", async () => {
    await writeFile(path, records(0, 5));
    const log = startFollowing();
    await log.until(5);
    await rename(path, `${path}.20260102-030405`);
    await writeFile(path, timed(5, 6));
    await log.until(6);
    await rename(`${path}.20260102-030405`, path);
    await appendFile(path, timed(6, 8));
    await log.until(8);
    log.end();
    await log.done;
    expect(log.lines).toEqual(numbered(0, 8));
  });

  test("gives what a runtime writes to the old file long after the new one came", async () => {
    const writer = await open(path, "a");
    await writer.write(records(0, 2));
    const log = startFollowing();
    await log.until(2);
    await rename(path, `${path}.20260102-030405`);
    await writeFile(path, timed(3, 4));
    await log.until(3);
    await writer.write(timed(2, 3));
    await writer.close();
    await log.until(4);
    log.end();
    await log.done;
    expect(log.lines).toEqual(["line 0", "line 1", "line 3", "line 2"]);
  });

  test("gives a last line without an end when the container has ended", async () => {
    await writeFile(path, record("prompt> ", { tag: "P" }));
    const log = startFollowing();
    log.end();
    await log.done;
    expect(log.lines).toEqual(["prompt> "]);
  });

  test("throws the signal's own reason on abort, while it waits and before it starts", async () => {
    await writeFile(path, records(0, 1));
    const controller = new AbortController();
    const log = startFollowing({ signal: controller.signal });
    await log.until(1);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(log.done).rejects.toBe(reason);
    await expect(texts({ signal: controller.signal })).rejects.toBe(reason);
  });

  test("throws what the end of the container was refused with", async () => {
    const failure = new Error("no such luck");
    const ended = deferred<void>();
    const reading = texts({ follow: true, ended: ended.promise });
    ended.reject(failure);
    await expect(reading).rejects.toBe(failure);
  });

  test("leaving the loop closes the file", async () => {
    await writeFile(path, records(0, 10));
    const before = await openDescriptors();
    for await (const line of readLines({ follow: true })) {
      expect(line.text).toBe("line 0");
      break;
    }
    expect(await openDescriptors()).toEqual(before);
  });
});

async function openDescriptors(): Promise<string[]> {
  const targets = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return targets.filter((target) => target.startsWith(directory)).sort();
}
