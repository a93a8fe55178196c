import { describe, expect, it } from "vitest";

import { sleep } from "../../src/async/abort.js";
import { deferred } from "../../src/async/deferred.js";
import { SharedWork } from "../../src/async/shared-work.js";

describe("SharedWork", () => {
  it("does for callers at the same time once what they want under one key, and anew afterwards", async () => {
    const shared = new SharedWork<number>();
    let runs = 0;
    const work = async () => {
      await sleep(5);
      return ++runs;
    };
    const ask = (key: string) => shared.run(key, work, undefined);
    expect(await Promise.all([ask("a"), ask("a"), ask("b")])).toEqual([1, 1, 2]);
    expect(await ask("a")).toBe(3);
  });

  it("gives every caller the error", async () => {
    const shared = new SharedWork<void>();
    const work = () => sleep(5).then(() => Promise.reject(new Error("no")));
    const results = await Promise.allSettled([1, 2].map(() => shared.run("a", work, undefined)));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("goes on for those who stay when others leave", async () => {
    const shared = new SharedWork<string>();
    const end = deferred<string>();
    let signal: AbortSignal | undefined;
    const work = (given: AbortSignal) => {
      signal = given;
      return end.promise;
    };
    const leaver = new AbortController();
    const left = shared.run("a", work, leaver.signal);
    const stayed = shared.run("a", work, undefined);
    leaver.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(signal?.aborted).toBe(false);
    end.resolve("done");
    expect(await stayed).toBe("done");
  });

  it("ends the work when the last one leaves, whose error waits until all is cleaned up", async () => {
    const shared = new SharedWork<void>();
    const events: string[] = [];
    const work = async (signal: AbortSignal) => {
      try {
        await sleep(10_000, signal);
      } finally {
        await sleep(20);
        events.push("cleaned up");
      }
    };
    const leaver = new AbortController();
    const left = shared.run("a", work, leaver.signal).catch((error) => events.push(error.message));
    leaver.abort(new Error("gone"));
    await sleep(1);
    const next = shared.run("a", async () => void events.push("anew"), undefined);
    await Promise.all([left, next]);
    expect(events).toEqual(["anew", "cleaned up", "gone"]);
  });

  it("does not begin for a caller who has left already", async () => {
    const shared = new SharedWork<void>();
    const begin = () => Promise.reject(new Error("begun"));
    await expect(shared.run("a", begin, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  });
});
