import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Deferred, deferred } from "../../../src/async/deferred.js";
import { type DirectoryUsage, measureDirectories } from "../../../src/runtime/adapters/disk-usage.js";
import { DiskUsageCache } from "../../../src/runtime/adapters/disk-usage-cache.js";
import { until } from "../../support/until.js";

const KiB = 1024;

describe("measureDirectories", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "crikit-du-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("measures each by itself: what is on the disk, each file once", async () => {
    const [a, b] = [join(directory, "a"), join(directory, "b with\nstrange name")];
    for (const path of [a, b, join(a, "sub")]) await mkdir(path);
    await writeFile(join(a, "big"), Buffer.alloc(1000 * KiB, 1));
    await link(join(a, "big"), join(a, "sub/again"));
    await symlink("/usr", join(a, "link"));
    const measured = await measureDirectories([a, b]);
    const taken = Number(measured.get(a)?.bytes);
    expect(taken).toBeGreaterThanOrEqual(1000 * KiB);
    expect(taken).toBeLessThan(1100 * KiB);
    // a, sub, big and link.
    expect(measured.get(a)?.inodes).toBe(4);
    expect(measured.get(b)?.inodes).toBe(1);
  });

  test("leaves out what is not there, and nothing else", async () => {
    const measured = await measureDirectories([join(directory, "absent"), directory]);
    expect([...measured.keys()]).toEqual([directory]);
    expect(await measureDirectories([])).toEqual(new Map());
  });
});

describe("DiskUsageCache", () => {
  const rounds: { paths: readonly string[]; done: Deferred<void> }[] = [];
  let bytes = 0;
  const measure = async (paths: readonly string[]): Promise<Map<string, DirectoryUsage>> => {
    const round = { paths, done: deferred<void>() };
    rounds.push(round);
    await round.done.promise;
    return new Map(paths.map((path) => [path, { bytes, inodes: 1 }]));
  };
  beforeEach(() => {
    rounds.length = 0;
    bytes = 0;
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const bytesOf = async (cache: DiskUsageCache, ...paths: string[]) => {
    return [...(await cache.of(paths))].map(([path, usage]) => `${path} ${usage.bytes}`);
  };

  test("measures once for all who ask at the same time, and again when the figure is too old", async () => {
    const cache = new DiskUsageCache({ measure, maxAgeMs: 50 });
    const asked = [bytesOf(cache, "/a"), bytesOf(cache, "/a", "/b"), bytesOf(cache, "/c")];
    await settled();
    expect(rounds.map(({ paths }) => paths)).toEqual([["/a", "/b", "/c"]]);
    rounds[0]?.done.resolve();
    expect(await Promise.all(asked)).toEqual([["/a 0"], ["/a 0", "/b 0"], ["/c 0"]]);
    expect(await bytesOf(cache, "/a")).toEqual(["/a 0"]);
    expect(rounds.length).toBe(1);
    bytes = 5;
    let again: Promise<string[]> = Promise.resolve([]);
    await until("the figure is too old", async () => {
      again = bytesOf(cache, "/a");
      await settled();
      return rounds.length === 2;
    });
    rounds[1]?.done.resolve();
    expect(await again).toEqual(["/a 5"]);
  });

  test("runs one measurement at a time, which takes up all that was asked for meanwhile", async () => {
    const cache = new DiskUsageCache({ measure });
    const first = bytesOf(cache, "/a");
    await settled();
    const others = [bytesOf(cache, "/b"), bytesOf(cache, "/c"), bytesOf(cache, "/b")];
    await settled();
    expect(rounds.length).toBe(1);
    rounds[0]?.done.resolve();
    await first;
    await settled();
    expect(rounds.map(({ paths }) => paths)).toEqual([["/a"], ["/b", "/c"]]);
    rounds[1]?.done.resolve();
    expect((await Promise.all(others)).flat()).toEqual(["/b 0", "/c 0", "/b 0"]);
  });

  test("answers with the last figure, or none, when measuring takes too long", async () => {
    const cache = new DiskUsageCache({ measure, maxAgeMs: 0, patienceMs: 20 });
    expect(await bytesOf(cache, "/a")).toEqual([]);
    rounds[0]?.done.resolve();
    bytes = 9;
    let last: string[] = [];
    await until("it is measured again", async () => {
      last = await bytesOf(cache, "/a");
      return rounds.length === 2;
    });
    expect(last).toEqual(["/a 9"]);
  });

  test("has no figure when measuring fails, and tries again", async () => {
    let tries = 0;
    const fail = () => Promise.reject(new Error(`no du, ${++tries}`));
    const cache = new DiskUsageCache({ maxAgeMs: 0, measure: fail });
    await until("it was tried again", async () => {
      expect(await bytesOf(cache, "/a")).toEqual([]);
      return tries === 2;
    });
  });
});
