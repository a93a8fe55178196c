import { describe, expect, it } from "vitest";

import { Broadcast } from "../../src/async/broadcast.js";

const make = (limit = 3) => new Broadcast<number>({ limit, tooSlow: () => new Error("too slow") });

async function take(items: AsyncIterable<number>, count: number): Promise<number[]> {
  const taken: number[] = [];
  for await (const item of items) if (taken.push(item) === count) break;
  return taken;
}

describe("`Broadcast`", () => {
  it("gives every subscriber all that is published after it has subscribed, in order", async () => {
    const broadcast = make();
    broadcast.publish(0);
    const first = broadcast.subscribe();
    broadcast.publish(1);
    const second = broadcast.subscribe();
    broadcast.publish(2);
    expect(await Promise.all([take(first, 2), take(second, 1)])).toEqual([[1, 2], [2]]);
    expect(broadcast.subscribers).toBe(0);
  });

  it("wakes a reader that waits", async () => {
    const broadcast = make();
    const taken = take(broadcast.subscribe(), 2);
    await Promise.resolve();
    broadcast.publish(1);
    broadcast.publish(2);
    expect(await taken).toEqual([1, 2]);
  });

  it("cuts off a subscriber that falls behind, and no other", async () => {
    const broadcast = make(3);
    const slow = broadcast.subscribe();
    const fast = broadcast.subscribe();
    const taken: number[] = [];
    for (let item = 1; item <= 10; item += 1) {
      broadcast.publish(item);
      const { value } = await fast.next();
      if (value !== undefined) taken.push(value);
    }
    expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(broadcast.subscribers).toBe(1);
    await expect(slow.next()).rejects.toThrow("too slow");
    expect(await slow.next()).toEqual({ done: true, value: undefined });
  });

  it("forgets a subscriber at once when its signal aborts, also one that never reads", async () => {
    const broadcast = make();
    const gone = new AbortController();
    const never = broadcast.subscribe(gone.signal);
    const waiting = broadcast.subscribe(gone.signal).next();
    const reason = new Error("gone");
    gone.abort(reason);
    expect(broadcast.subscribers).toBe(0);
    await expect(waiting).rejects.toBe(reason);
    await expect(never.next()).rejects.toBe(reason);
    await expect(broadcast.subscribe(gone.signal).next()).rejects.toBe(reason);
    expect(broadcast.subscribers).toBe(0);
  });

  it("once closed ends every subscription, later ones too", async () => {
    const broadcast = make();
    const before = broadcast.subscribe();
    broadcast.close(new Error("closed"));
    await expect(before.next()).rejects.toThrow("closed");
    await expect(broadcast.subscribe().next()).rejects.toThrow("closed");
  });
});
