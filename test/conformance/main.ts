// Runs the official suite and judges it by expectations.ts: docs/conformance.md says how. Arguments go to critest.
import { rm } from "node:fs/promises";
import { writeCount } from "../../scripts/setup/run-steps.mjs";
import { startRegistry } from "../runtime/image/support/registry.js";
import { imageStorage } from "./images/storage.js";
import { OptionError, type Options, readOptions } from "./options.js";
import { useNewerRunc } from "./run.js";
import { keptDirectory, runAndJudge } from "./run-and-judge.js";

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"]) {
  process.on(name, () => interrupted.abort(new Error(`Ended by ${name}`)));
}

try {
  const count = await runAll(readOptions(process.env), interrupted.signal);
  writeCount("conformance", count);
  process.exitCode = count.failed === 0 ? 0 : 1;
} catch (error) {
  const isKnown = interrupted.signal.aborted || error instanceof OptionError;
  console.error(isKnown ? `\n${error instanceof Error ? error.message : error}` : error);
  process.exitCode = 1;
}

async function runAll(options: Options, signal: AbortSignal) {
  const sum = { passed: 0, failed: 0 };
  const { registryPort: port = 0, endpoint, transports, repeat, nextSeed } = options;
  useNewerRunc();
  await rm(keptDirectory, { recursive: true, force: true });
  await using registry = await startRegistry({ storage: await imageStorage(), port });
  if (endpoint !== undefined) console.log(`The suite's images are at ${registry.host}`);
  for (let round = 1; round <= repeat && sum.failed === 0; round += 1) {
    for (const transport of transports) {
      const run = { endpoint, transport, seed: nextSeed(), args: process.argv.slice(2), signal };
      const { passed, failed } = await runAndJudge(run, registry.host);
      sum.passed += passed;
      sum.failed += failed;
    }
  }
  return sum;
}
