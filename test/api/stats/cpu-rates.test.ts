import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { CpuRates, rateBetween } from "../../../src/api/stats/cpu-rates.js";

const ms = (count: number) => BigInt(count) * 1_000_000n;
const reading = (atMs: number, usedMs: number) => ({ at: ms(atMs), used: ms(usedMs) });

describe("the rate between two readings", () => {
  test.each([
    ["half a core", reading(1000, 0), reading(2000, 500), { cores: 0.5, windowMs: 1000 }],
    ["two cores", reading(0, 100), reading(500, 1100), { cores: 2, windowMs: 500 }],
    ["idle", reading(0, 100), reading(500, 100), { cores: 0, windowMs: 500 }],
    ["a counter that began anew", reading(0, 100), reading(500, 99), undefined],
    ["the same time", reading(7, 100), reading(7, 200), undefined],
    ["a clock that went back", reading(7, 100), reading(6, 200), undefined],
  ])("%s", (_what, before, after, rate) => {
    expect(rateBetween(before, after)).toEqual(rate);
  });

  test("is that of the counter, whatever its speed and however long it is watched", () => {
    const numbers = fc.record({
      at: fc.bigInt(0n, 2_000_000_000n * 1_000_000_000n),
      used: fc.bigInt(0n, 10n ** 18n),
      spanMs: fc.integer({ min: 1, max: 10_000_000 }),
      thousandths: fc.integer({ min: 0, max: 256_000 }),
    });
    fc.assert(
      fc.property(numbers, ({ at, used, spanMs, thousandths }) => {
        const more = (ms(spanMs) * BigInt(thousandths)) / 1000n;
        const rate = rateBetween({ at, used }, { at: at + ms(spanMs), used: used + more });
        expect(rate?.cores).toBeCloseTo(thousandths / 1000, 6);
        expect(rate?.windowMs).toBeCloseTo(spanMs, 6);
      }),
    );
  });
});

describe("rates of many counters", () => {
  test("are known from the second reading on, each by itself", () => {
    const rates = new CpuRates();
    expect(rates.next("a", reading(0, 0))).toBeUndefined();
    expect(rates.next("b", reading(0, 1000))).toBeUndefined();
    expect(rates.next("a", reading(1000, 100))?.cores).toBe(0.1);
    expect(rates.next("b", reading(2000, 2000))?.cores).toBe(0.5);
  });

  test("stay as they were while a runtime tells a cached reading again", () => {
    const rates = new CpuRates();
    rates.next("a", reading(0, 0));
    rates.next("a", reading(1000, 100));
    for (let time = 0; time < 3; time += 1) expect(rates.next("a", reading(1000, 100))?.cores).toBe(0.1);
    expect(rates.next("a", reading(2000, 600))?.cores).toBe(0.5);
  });

  test("of a first reading told again are not known", () => {
    const rates = new CpuRates();
    rates.next("a", reading(0, 5));
    expect(rates.next("a", reading(0, 5))).toBeUndefined();
  });

  test("do not come from readings that are all but at the same time", () => {
    const rates = new CpuRates();
    rates.next("a", reading(0, 0));
    expect(rates.next("a", reading(1, 10))).toBeUndefined();
    expect(rates.next("a", reading(99, 10))).toBeUndefined();
    expect(rates.next("a", reading(200, 100))).toEqual({ cores: 0.5, windowMs: 200 });
  });

  test("begin anew with a counter that does", () => {
    const rates = new CpuRates();
    rates.next("a", reading(0, 500));
    expect(rates.next("a", reading(1000, 10))).toBeUndefined();
    expect(rates.next("a", reading(2000, 510))?.cores).toBe(0.5);
    expect(rates.next("a", reading(2001, 0))).toBeUndefined();
    expect(rates.next("a", reading(3001, 1000))?.cores).toBe(1);
  });

  test("are forgotten with their containers", () => {
    const rates = new CpuRates();
    rates.next("a", reading(0, 0));
    rates.next("b", reading(0, 0));
    rates.keep(new Set(["b"]));
    expect(rates.next("a", reading(1000, 100))).toBeUndefined();
    expect(rates.next("b", reading(1000, 100))?.cores).toBe(0.1);
  });

  test("are never below zero, nor a number that is none, whatever comes", () => {
    const any = fc.record({ at: fc.bigInt(0n, 10n ** 19n), used: fc.bigInt(0n, 2n ** 64n - 1n) });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (readings) => {
        const rates = new CpuRates();
        for (const one of readings) {
          const cores = rates.next("a", one)?.cores ?? 0;
          expect(Number.isFinite(cores) && cores >= 0).toBe(true);
        }
      }),
    );
  });
});
