import type { Judgement } from "./judge.js";

/** Of a longer message the rest is in the report. */
const shownLines = 6;

/** The counts, and why what did not pass has not. */
export function printJudgement({ passed, failed, skipped, expected, unexpected }: Judgement): void {
  for (const { expectation, specs } of expected) {
    console.log(`${expectation.outcome} as expected: ${expectation.reason}`);
    for (const spec of specs) console.log(`  ${spec}`);
  }
  for (const { spec, what } of unexpected) {
    console.log(`UNEXPECTED ${spec}`);
    for (const line of what.split("\n").slice(0, shownLines)) console.log(`  ${line}`);
  }
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
}
