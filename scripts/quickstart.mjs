#!/usr/bin/env node
// `npm run quickstart`: all set-up, then examples/quickstart.ts on the built package.
import { runInProject } from "./setup/run-steps.mjs";
import { runTask, setUp } from "./setup.mjs";

await runTask(() => {
  const args = process.argv.slice(2);
  const ownRuntime = !args.some((arg) => arg === "--endpoint" || arg.startsWith("--endpoint="));
  setUp({ runtime: ownRuntime });
  const { ok } = runInProject([
    "tsx",
    "--tsconfig",
    "examples/tsconfig.json",
    "examples/quickstart.ts",
    ...args,
  ]);
  if (!ok) process.exitCode = 1;
});
