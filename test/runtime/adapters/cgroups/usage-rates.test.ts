import { describe, expect, test } from "vitest";

import { UsageRates } from "../../../../src/runtime/adapters/cgroups/usage-rates.js";

const halfACore = 500_000_000n;

describe("UsageRates", () => {
  test("tells the use between two samples in billionths of a core", () => {
    const rates = new UsageRates();
    expect(rates.sample("/a", 0n, 0)).toBeUndefined();
    expect(rates.sample("/a", 5_000_000_000n, 10_000)).toBe(halfACore);
    expect(rates.sample("/a", 5_000_000_000n, 20_000)).toBe(0n);
    expect(rates.sample("/b", 9n, 20_000)).toBeUndefined();
  });

  test("measures over a second at least, however often it is asked", () => {
    const rates = new UsageRates();
    rates.sample("/a", 0n, 0);
    expect(rates.sample("/a", 999n, 10)).toBeUndefined();
    expect(rates.sample("/a", 1_000_000_000n, 2000)).toBe(halfACore);
    expect(rates.sample("/a", 1_900_000_000n, 2900)).toBe(halfACore);
    expect(rates.sample("/a", 2_000_000_000n, 3000)).toBe(2n * halfACore);
  });

  test("begins anew when the counter went back: another group has the name", () => {
    const rates = new UsageRates();
    rates.sample("/a", 9_000_000_000n, 0);
    expect(rates.sample("/a", 1n, 5000)).toBeUndefined();
    expect(rates.sample("/a", 500_000_001n, 6000)).toBe(halfACore);
  });

  test("does not average over more than five minutes, nor remember for longer", () => {
    const rates = new UsageRates();
    rates.sample("/a", 0n, 0);
    rates.sample("/b", 0n, 200_000);
    expect(rates.sample("/a", 1n, 300_001)).toBeUndefined();
    expect(rates.sample("/b", 50_000_000_000n, 300_001)).toBeDefined();
  });
});
