import type { Expectation } from "./expectations.js";
import type { Host } from "./host.js";
import type { SpecResult } from "./report.js";

/** A run of the suite beside what was expected of it. */
export interface Judgement {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What did not pass and need not, by expectation. */
  readonly expected: readonly { readonly expectation: Expectation; readonly specs: readonly string[] }[];
  /** What fails the run. */
  readonly unexpected: readonly Surprise[];
}

export interface Surprise {
  readonly spec: string;
  /** What happened, and what should have. */
  readonly what: string;
}

/** Expectations of specs that a focus left out are not looked at. */
export function judge(
  results: readonly SpecResult[],
  expectations: readonly Expectation[],
  host: Host,
): Judgement {
  const applying = expectations.filter(({ on }) => on === undefined || on.test(host));
  const expectationOf = (spec: string) => applying.find(({ specs }) => specs.includes(spec));
  const outcomes = new Map(results.map(({ name, outcome }) => [name, outcome]));
  const count = (wanted: string) => results.filter(({ outcome }) => outcome === wanted).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    expected: applying
      .map((expectation) => ({ expectation, specs: asExpected(expectation, outcomes) }))
      .filter(({ specs }) => specs.length > 0),
    unexpected: [
      ...results.flatMap((result) => surprise(result, expectationOf(result.name)) ?? []),
      ...unknownSpecs(expectations, outcomes),
    ],
  };
}

type Outcomes = ReadonlyMap<string, SpecResult["outcome"]>;

function asExpected({ specs, outcome }: Expectation, outcomes: Outcomes): string[] {
  return specs.filter((spec) => outcomes.get(spec) === outcome);
}

function surprise({ name, outcome, message }: SpecResult, expectation?: Expectation): Surprise | undefined {
  if (outcome === "filtered" || outcome === (expectation?.outcome ?? "passed")) return undefined;
  const happened = outcome === "passed" ? "passed" : `${outcome}: ${message}`;
  if (expectation === undefined) return { spec: name, what: happened };
  const { outcome: wanted, reason } = expectation;
  return { spec: name, what: `${happened}\nexpectations.ts says that it is ${wanted}: ${reason}` };
}

function unknownSpecs(expectations: readonly Expectation[], outcomes: Outcomes): Surprise[] {
  const specs = expectations.flatMap((expectation) => expectation.specs);
  const unknown = specs.filter((spec) => !outcomes.has(spec));
  return unknown.map((spec) => ({ spec, what: "is in expectations.ts, but not in the suite" }));
}
