import { describe, expect, it } from "vitest";

import { deferred } from "../../src/async/deferred.js";
import { KeyedLock } from "../../src/async/keyed-lock.js";

describe("KeyedLock", () => {
  it("runs work of one key in order, past failures, and that of others at once", async () => {
    const lock = new KeyedLock();
    const gate = deferred<void>();
    const order: string[] = [];
    const first = lock.run("a", async () => {
      await gate.promise;
      order.push("first");
      throw new Error("failed");
    });
    const second = lock.run("a", async () => void order.push("second"));
    await lock.run("b", async () => void order.push("other"));
    gate.resolve();
    await expect(first).rejects.toThrow("failed");
    await second;
    expect(order).toEqual(["other", "first", "second"]);
  });

  it("lets a caller leave the line, who is not served, and keeps the others in order", async () => {
    const lock = new KeyedLock();
    const gate = deferred<void>();
    const order: string[] = [];
    const first = lock.run("a", async () => {
      await gate.promise;
      order.push("first");
    });
    const leaver = new AbortController();
    const left = lock.run("a", async () => void order.push("left"), leaver.signal);
    leaver.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    const third = lock.run("a", async () => void order.push("third"));
    gate.resolve();
    await Promise.all([first, third]);
    expect(order).toEqual(["first", "third"]);
  });

  it("does not end work that has begun", async () => {
    const lock = new KeyedLock();
    const gate = deferred<string>();
    const caller = new AbortController();
    const begun = deferred<void>();
    const result = lock.run(
      "a",
      () => {
        begun.resolve();
        return gate.promise;
      },
      caller.signal,
    );
    await begun.promise;
    caller.abort();
    gate.resolve("done");
    expect(await result).toBe("done");
  });
});
