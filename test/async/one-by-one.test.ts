import { describe, expect, test } from "vitest";
import { oneByOne } from "../../src/async/one-by-one.js";

/** Gives the batches, then throws `failure`, if any; says in `events` how it was left. */
async function* give(batches: number[][], events: string[] = [], failure?: Error) {
  try {
    yield* batches;
    if (failure) throw failure;
  } finally {
    events.push("left");
  }
}

describe("oneByOne", () => {
  test("gives the items of all batches in order, empty ones passed over, and tells of each", async () => {
    const told: number[] = [];
    const items: number[] = [];
    const all = oneByOne(give([[], [1, 2], [], [], [3], []]), (item) => told.push(item));
    for await (const item of all) items.push(item);
    expect(items).toEqual([1, 2, 3]);
    expect(told).toEqual([1, 2, 3]);
    expect(await all.next()).toEqual({ value: undefined, done: true });
  });

  test("a break within a batch leaves the batches, and nothing comes after it", async () => {
    const events: string[] = [];
    const all = oneByOne(give([[1, 2, 3]], events));
    for await (const item of all) if (item === 2) break;
    expect(events).toEqual(["left"]);
    expect(await all.next()).toEqual({ value: undefined, done: true });
  });

  test("gives what came before an error, throws it once, and has ended", async () => {
    const failure = new Error("no more");
    const all = oneByOne(give([[1]], [], failure));
    expect(await all.next()).toEqual({ value: 1, done: false });
    await expect(all.next()).rejects.toBe(failure);
    expect(await all.next()).toEqual({ value: undefined, done: true });
  });

  test("calls that do not wait for each other get the items in the order of the calls", async () => {
    const all = oneByOne(give([[1, 2], [3], [4, 5]]));
    const results = await Promise.all([all.next(), all.next(), all.next(), all.next(), all.return()]);
    expect(results.map(({ value }) => value)).toEqual([1, 2, 3, 4, undefined]);
    expect(await all.next()).toEqual({ value: undefined, done: true });
  });

  test("an error that is thrown into it comes out, and a disposal leaves the batches", async () => {
    const failure = new Error("thrown in");
    const events: string[] = [];
    const all = oneByOne(give([[1, 2]], events));
    await all.next();
    await expect(all.throw(failure)).rejects.toBe(failure);
    expect(events).toEqual(["left"]);
    const other = oneByOne(give([[1, 2]], events));
    await other.next();
    await other[Symbol.asyncDispose]();
    expect(events).toEqual(["left", "left"]);
  });
});
