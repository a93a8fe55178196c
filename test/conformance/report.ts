import { XMLParser } from "fast-xml-parser";

/** What became of a spec. One that a focus or skip on the command line left out is `filtered`. */
export interface SpecResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped" | "filtered";
  /** What the suite says of a failure or of a skip. */
  readonly message: string;
}

interface TestCase {
  readonly name: string;
  readonly skipped?: Problem;
  readonly failure?: Problem;
  readonly error?: Problem;
}

interface Problem {
  readonly message?: string;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  isArray: (name) => name === "testcase" || name === "testsuite",
  // Line ends and quotes of messages are numbers.
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: Number.MAX_SAFE_INTEGER, maxExpandedLength: 1 << 28 },
});

/** Reads a report of Ginkgo's in JUnit's format. */
export function readReport(xml: string): SpecResult[] {
  const { testsuites } = parser.parse(xml);
  const suites: { testcase?: TestCase[] }[] = testsuites.testsuite;
  const results = suites.flatMap(({ testcase = [] }) => testcase.map(resultOf));
  // What runs around the specs counts only when it fails.
  return results.filter(({ name, outcome }) => !name.startsWith("[") || outcome === "failed");
}

function resultOf({ name, skipped, failure, error }: TestCase): SpecResult {
  const spec = name.replace(/^\[It\] (\[k8s\.io\] )?/, "");
  const problem = failure ?? error;
  if (problem !== undefined) return { name: spec, outcome: "failed", message: problem.message ?? "" };
  if (skipped === undefined) return { name: spec, outcome: "passed", message: "" };
  const message = (skipped.message ?? "").replace(/^skipped( - )?/, "");
  return { name: spec, outcome: message === "" ? "filtered" : "skipped", message };
}
