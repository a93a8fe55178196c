import { describe, expect, it } from "vitest";

import { findById, newId, requireById } from "../../../src/runtime/state/ids.js";
import { containerName, Names, sandboxName } from "../../../src/runtime/state/names.js";
import { timestampNow } from "../../../src/runtime/state/time.js";

function lookup(...ids: string[]) {
  const records = new Map(ids.map((id) => [id, { id }]));
  return { get: (id: string) => records.get(id), list: () => [...records.values()] };
}

describe("`newId`", () => {
  it("gives 64 hex digits, never the same", () => {
    expect(newId()).toMatch(/^[0-9a-f]{64}$/);
    expect(newId()).not.toBe(newId());
  });
});

describe("`findById`", () => {
  it("takes a whole ID before a prefix", () => {
    expect(findById(lookup("ab", "abc"), "ab", "pod")).toEqual({ id: "ab" });
    expect(findById(lookup("abc", "b"), "ab", "pod")).toEqual({ id: "abc" });
    expect(findById(lookup("abc"), "x", "pod")).toBeUndefined();
    expect(findById(lookup("abc"), "", "pod")).toBeUndefined();
  });

  it("refuses a prefix that fits several, naming them", () => {
    expect(() => findById(lookup("abc", "abd"), "ab", "pod")).toThrow(/2 pods.*abc, abd/);
    expect(() => requireById(lookup("abc"), "x", "pod")).toThrow("Pod x not found");
  });
});

describe("`Names`", () => {
  it("keeps a name for its holder until that releases it", () => {
    const names = new Names("sandbox");
    names.reserve("n", "one");
    names.reserve("n", "one");
    expect(() => names.reserve("n", "two")).toThrow('Name "n" is reserved for sandbox one');
    names.release("n", "two");
    expect(() => names.reserve("n", "two")).toThrow("is reserved");
    names.release("n", "one");
    names.reserve("n", "two");
  });

  it("are made from every part of the metadata", () => {
    const pod = { name: "p", namespace: "ns", uid: "u", attempt: 0 };
    const all = [
      sandboxName(pod),
      sandboxName({ ...pod, name: "q" }),
      sandboxName({ ...pod, namespace: "other" }),
      sandboxName({ ...pod, uid: "v" }),
      sandboxName({ ...pod, attempt: 1 }),
      containerName({ name: "c", attempt: 0 }, sandboxName(pod)),
      containerName({ name: "c", attempt: 1 }, sandboxName(pod)),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("`timestampNow`", () => {
  it("never gives the same time twice, and gives nanoseconds", () => {
    const times = Array.from({ length: 1000 }, () => BigInt(timestampNow()));
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? time))).toBe(true);
    expect(Number((times[0] ?? 0n) / 1_000_000n)).toBeCloseTo(Date.now(), -4);
  });
});
