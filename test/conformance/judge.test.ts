import { describe, expect, test } from "vitest";
import type { Expectation } from "./expectations.js";
import { judge } from "./judge.js";
import type { SpecResult } from "./report.js";

const host = { appArmor: false };
const noImage: Expectation = { outcome: "failed", reason: "no such image", specs: ["pulls by digest"] };
const noSocket: Expectation = { outcome: "skipped", reason: "no socket", specs: ["asks plugins", "syncs"] };
const onPlainHosts: Expectation = {
  outcome: "skipped",
  reason: "no AppArmor",
  on: { description: "hosts without AppArmor", test: ({ appArmor }) => !appArmor },
  specs: ["confines"],
};

function result(name: string, outcome: SpecResult["outcome"], message = ""): SpecResult {
  return { name, outcome, message };
}

test("what passes, and what does not as expected, is counted and leaves nothing unexpected", () => {
  const results = [
    result("runs", "passed"),
    result("pulls by digest", "failed", "manifest unknown"),
    result("asks plugins", "skipped", "no socket"),
    result("syncs", "skipped", "no socket"),
  ];
  expect(judge(results, [noImage, noSocket], host)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 2,
    expected: [
      { expectation: noImage, specs: ["pulls by digest"] },
      { expectation: noSocket, specs: ["asks plugins", "syncs"] },
    ],
    unexpected: [],
  });
});

describe("a run fails on", () => {
  const unexpected = (results: SpecResult[], expectations: Expectation[] = []) =>
    judge(results, expectations, host).unexpected;

  test("a spec that failed, in its own words", () => {
    expect(unexpected([result("runs", "failed", "no such file")])).toEqual([
      { spec: "runs", what: "failed: no such file" },
    ]);
  });

  test("a spec that was skipped", () => {
    expect(unexpected([result("runs", "skipped", "not supported")])).toEqual([
      { spec: "runs", what: "skipped: not supported" },
    ]);
  });

  test("an expected failure that passes", () => {
    const [surprise, ...more] = unexpected([result("pulls by digest", "passed")], [noImage]);
    expect(more).toEqual([]);
    expect(surprise?.what).toBe("passed\nexpectations.ts says that it is failed: no such image");
  });

  test("an expected skip that fails, and an expected failure that is skipped", () => {
    const results = [
      result("asks plugins", "failed", "broken pipe"),
      result("syncs", "skipped"),
      result("pulls by digest", "skipped", "no registry"),
    ];
    expect(unexpected(results, [noImage, noSocket]).map(({ spec }) => spec)).toEqual([
      "asks plugins",
      "pulls by digest",
    ]);
  });

  test("an expectation of a spec that the suite no longer has", () => {
    expect(unexpected([result("pulls by name", "passed")], [noImage])).toEqual([
      { spec: "pulls by digest", what: "is in expectations.ts, but not in the suite" },
    ]);
  });
});

test("specs that a focus left out are neither counted nor missed", () => {
  const results = [result("runs", "passed"), result("pulls by digest", "filtered")];
  const { passed, failed, skipped, unexpected } = judge(results, [noImage], host);
  expect({ passed, failed, skipped, unexpected }).toEqual({
    passed: 1,
    failed: 0,
    skipped: 0,
    unexpected: [],
  });
});

test("an expectation of some hosts is none on the others, where the spec has to pass", () => {
  const skipped = [result("confines", "skipped", "AppArmor is disabled")];
  expect(judge(skipped, [onPlainHosts], { appArmor: false }).unexpected).toEqual([]);
  expect(judge(skipped, [onPlainHosts], { appArmor: true }).unexpected).toEqual([
    { spec: "confines", what: "skipped: AppArmor is disabled" },
  ]);
  const passed = [result("confines", "passed")];
  expect(judge(passed, [onPlainHosts], { appArmor: true }).unexpected).toEqual([]);
});
