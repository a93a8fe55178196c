import { appendFile, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { deferred } from "../../src/async/deferred.js";
import { until } from "../support/until.js";
import { numbered, record, records, textsOf, useLogDirectory } from "./support/log-directory.js";

const log = useLogDirectory();

async function writeHistory(): Promise<void> {
  await writeFile(`${log.path}.3.gz`, gzipSync(records(0, 20_000)));
  await writeFile(`${log.path}.2.gz`, gzipSync(records(20_000, 40_000)));
  await writeFile(`${log.path}.1`, records(40_000, 60_000));
  await writeFile(log.path, records(60_000, 60_050));
}

describe("tail", () => {
  test.each([1, 49, 50, 51, 100, 6_000, 20_050, 20_051, 35_000, 60_050, 70_000])(
    "%i counts over rotated files",
    async (tail) => {
      await writeHistory();
      expect(await textsOf(log.path, { tail })).toEqual(numbered(Math.max(60_050 - tail, 0), 60_050));
    },
  );

  test("counts a line that came in parts once, also where the parts lie in two files", async () => {
    await writeFile(`${log.path}.1`, record(0) + record(1, { tag: "P", content: "from " }));
    await writeFile(log.path, record(2, { content: "here" }) + records(3, 5));
    expect(await textsOf(log.path, { tail: 3 })).toEqual(["from here", "line 3", "line 4"]);
    expect(await textsOf(log.path, { tail: 4 })).toEqual(["line 0", "from here", "line 3", "line 4"]);
  });

  test("counts a last line without an end, but not when it may still get one", async () => {
    await writeFile(log.path, records(0, 3) + record(3, { tag: "P", content: "prom" }));
    expect(await textsOf(log.path, { tail: 2 })).toEqual(["line 2", "prom"]);
    const ended = deferred<void>();
    const following = textsOf(log.path, { tail: 2, follow: true, ended: ended.promise });
    await appendFile(log.path, record(4, { content: "pt" }));
    ended.resolve();
    expect((await following).slice(-1)).toEqual(["prompt"]);
  });

  test("counts only lines of the streams and times that are asked for", async () => {
    const text = Array.from({ length: 9_000 }, (_, number) =>
      record(number, { stream: number % 1_000 === 0 ? "stderr" : "stdout" }),
    );
    await writeFile(log.path, text.join(""));
    expect(await textsOf(log.path, { tail: 2, streams: ["stderr"] })).toEqual(["line 7000", "line 8000"]);
    const untilNs = BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1_000_000n + 100n * 1_000_000n;
    expect(await textsOf(log.path, { tail: 2, untilNs })).toEqual(["line 99", "line 100"]);
  });

  test("may begin before what is no record, and passes that over", async () => {
    const broken = `${"!".repeat(300 * 1024)}\ntorn by a crash\n`;
    await writeFile(log.path, records(0, 10) + broken + records(12, 300));
    expect(await textsOf(log.path, { tail: 2 })).toEqual(["line 298", "line 299"]);
  });

  test("reads the end of a big log only", async () => {
    const block = records(0, 20_000);
    for (let index = 0; index < 20; index++) await appendFile(log.path, block);
    const before = await bytesRead();
    expect(await textsOf(log.path, { tail: 100 })).toEqual(numbered(19_900, 20_000));
    expect((await bytesRead()) - before).toBeLessThan(2 * 1024 * 1024);
  });

  test("0 begins with what is written from now on, past rotated files", async () => {
    await writeHistory();
    const ended = deferred<void>();
    const following = textsOf(log.path, { tail: 0, follow: true, ended: ended.promise });
    await until("the log is open", () => isOpen(log.path));
    await appendFile(log.path, records(60_050, 60_052));
    ended.resolve();
    expect(await following).toEqual(["line 60050", "line 60051"]);
  });
});

async function isOpen(path: string): Promise<boolean> {
  const fds = await readdir("/proc/self/fd");
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.includes(path);
}

async function bytesRead(): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile("/proc/self/io", "utf8"))?.[1]);
}
