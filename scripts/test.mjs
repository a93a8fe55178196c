#!/usr/bin/env node
// `npm test`: all set-up, then every test. Arguments go to vitest: `npm test -- test/testing`. The packed
// package is a step of `npm run check`.
import { readFileSync, rmSync } from "node:fs";
import { countPath, runInProject, writeCount } from "./setup/run-steps.mjs";
import { runTask, setUp } from "./setup.mjs";
import { fetchTestPrograms } from "./test-programs.mjs";

const reportPath = countPath("vitest-report");

await runTask(() => {
  setUp();
  fetchTestPrograms();
  rmSync(reportPath, { force: true });
  const { ok } = runInProject([
    "vitest",
    "run",
    "--exclude=test/package/**",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportPath}`,
    ...process.argv.slice(2),
  ]);
  writeCount("test", countTests(ok));
  process.exitCode = ok ? 0 : 1;
});

// A file that cannot be loaded, or an error outside any test, has no test to count: it counts as one failed.
function countTests(ok) {
  const report = JSON.parse(readFileSync(reportPath, "utf8"));
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every(({ status }) => status !== "failed"),
  );
  const failed = report.numFailedTests + brokenFiles.length;
  return { passed: report.numPassedTests, failed: ok ? failed : Math.max(failed, 1) };
}
