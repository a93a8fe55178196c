#!/usr/bin/env node
// `npm run check`: everything that can be judged without running a container. All steps run, also when one
// fails.
import { runSteps, writeCount } from "./setup/run-steps.mjs";
import { runTask, setUp } from "./setup.mjs";

const steps = [
  ["format and lint", ["biome", "check", "--error-on-warnings", "."]],
  ["types", ["tsc", "-p", "."]],
  ["floors", ["depcruise", "src", "test", "examples", "bench"]],
  ["contract", ["node", "scripts/check-contract.mjs"]],
  ["generated code", ["node", "scripts/check-generated.mjs"]],
  [
    "docs",
    ["node", "scripts/check-docs.mjs"],
    ["tsx", "scripts/config-reference.ts"],
    ["tsx", "scripts/manifest-fields.ts"],
    ["tsx", "scripts/conformance-page.ts"],
  ],
  ["API report", ["tsx", "scripts/api-report.ts"]],
  ["examples against the built package", ["tsc", "-p", "examples"]],
  [
    "package manifest",
    ["publint", "--strict"],
    ["attw", "--pack", ".", "--profile", "node16", "--exclude-entrypoints", "runtime"],
    ["attw", "--pack", ".", "--profile", "esm-only", "--entrypoints", "runtime"],
  ],
  ["packed package", ["vitest", "run", "test/package"]],
];

await runTask(() => {
  setUp({ programs: false });
  const count = runSteps(steps);
  writeCount("check", count);
  console.log(`check: ${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed === 0 ? 0 : 1;
});
