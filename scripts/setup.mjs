#!/usr/bin/env node
// All the set-up there is, in plain Node: it runs before `npm ci`. It looks for programs, not for packages,
// and is done in a moment, without a word, when nothing is missing.
//
//   node scripts/setup.mjs                  what the bundled runtime calls, node_modules, dist/
//   node scripts/setup.mjs --packages-only  node_modules
//   node scripts/setup.mjs --client-only    what a client of another runtime needs
import { pathToFileURL } from "node:url";
import { installNeeds, SetupError } from "./setup/apt.mjs";
import { ensureBuild, ensurePackages } from "./setup/packages.mjs";
import { imageNeeds, missingNeeds, runtimeNeeds } from "./setup/programs.mjs";

const oldestNode = 20;

/** Brings the machine to where the task can run. Throws a `SetupError` that says what to do otherwise. */
export function setUp({ programs = true, runtime = true, build = true } = {}) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < oldestNode) {
    throw new SetupError(`crikit needs Node ${oldestNode} or later, this is ${process.version}`);
  }
  if (programs) {
    if (process.platform !== "linux" && runtime) {
      throw new SetupError(`The bundled runtime runs containers of Linux, this is ${process.platform}`);
    }
    const missing = missingNeeds(runtime ? [...runtimeNeeds, ...imageNeeds] : imageNeeds);
    if (missing.length > 0) installNeeds(missing);
  }
  ensurePackages();
  if (build) ensureBuild();
}

/** Runs `main`; an obstacle is told in a sentence and ends the process with 1. */
export async function runTask(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const packagesOnly = process.argv.includes("--packages-only");
  const clientOnly = process.argv.includes("--client-only");
  await runTask(() => setUp({ programs: !packagesOnly, runtime: !clientOnly, build: !packagesOnly }));
}
