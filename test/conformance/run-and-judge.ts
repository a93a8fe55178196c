import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expectations } from "./expectations.js";
import { thisHost } from "./host.js";
import { registriesConf } from "./images/registries-conf.js";
import { judge } from "./judge.js";
import { printJudgement } from "./print.js";
import { type RunOptions, runSuite } from "./run.js";
import { runDirectory } from "./run-directory.js";

/** Where the logs of runs with something unexpected are kept until the next time. */
export const keptDirectory = fileURLToPath(new URL("../../.cache/conformance/unexpected", import.meta.url));

/** One run of the suite, told in words. What fails is each thing that was not expected. */
export async function runAndJudge(run: Omit<RunOptions, "directory" | "registriesConf">, registry: string) {
  const { transport, seed, args, signal } = run;
  console.log(`\nThe suite over ${transport}, seed ${seed}`);
  await using directory = await runDirectory();
  const registries = join(directory.path, "registries.conf");
  await writeFile(registries, registriesConf(registry));
  const start = performance.now();
  const count = { passed: 0, failed: 0 };
  try {
    const results = await runSuite({ ...run, directory: directory.path, registriesConf: registries });
    const judgement = judge(results, expectations, thisHost());
    printJudgement(judgement);
    count.passed = judgement.passed;
    count.failed = judgement.unexpected.length;
    if (results.every(({ outcome }) => outcome === "filtered")) {
      console.log("No spec has this focus");
      count.failed = 1;
    }
  } catch (error) {
    signal.throwIfAborted();
    console.log(error);
    count.failed = 1;
  }
  console.log(`in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (count.failed === 0) return count;
  await keepLogs(directory.path, `${transport}-${seed}`);
  console.log(`Again: SEED=${seed} TRANSPORT=${transport} npm run conformance${shellWords(args)}`);
  return count;
}

async function keepLogs(directory: string, name: string): Promise<void> {
  const kept = join(keptDirectory, name);
  await mkdir(kept, { recursive: true });
  const logs = (await readdir(directory)).filter((file) => /\.(log|xml)$/.test(file));
  for (const log of logs) await copyFile(join(directory, log), join(kept, log));
  console.log(`${logs.join(", ")} are in ${relative(process.cwd(), kept)}`);
}

function shellWords(args: readonly string[]): string {
  const quoted = args.map((arg) => `'${arg.replaceAll("'", "'\\''")}'`);
  return args.length === 0 ? "" : ` -- ${quoted.join(" ")}`;
}
