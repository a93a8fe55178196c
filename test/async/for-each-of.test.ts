import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { forEachOf } from "../../src/async/for-each-of.js";

describe("`forEachOf`", () => {
  it("works on every item, no more at once than told", async () => {
    const done: number[] = [];
    let now = 0;
    let most = 0;
    await forEachOf([5, 1, 4, 2, 3], 2, async (item) => {
      most = Math.max(most, ++now);
      await sleep(item);
      now -= 1;
      done.push(item);
    });
    expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it("rejects with the first failure and begins nothing after it", async () => {
    const begun: number[] = [];
    const work = async (item: number) => {
      begun.push(item);
      if (item === 2) throw new Error("two");
      await sleep(10);
    };
    await expect(forEachOf([1, 2, 3, 4, 5, 6], 2, work)).rejects.toThrow("two");
    await sleep(30);
    expect(begun).toEqual([1, 2]);
  });
});
