import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readReport, type SpecResult } from "./report.js";
import { type Transport, transportFlags } from "./transport.js";

/** Where `scripts/test-programs.mjs` builds it. */
const program = fileURLToPath(new URL("../../.cache/test-programs/critest/v1.37.0/critest", import.meta.url));

export interface CritestOptions {
  readonly endpoint: string;
  readonly transport: Transport;
  readonly seed: number;
  /** More of its own arguments. */
  readonly args: readonly string[];
  /** For its log, its report and its temporary files. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** How long it may take to clean up when it is told to end. */
const graceMs = 20_000;

/** Runs the suite once. Throws the signal's reason when it was told to end, once it has. */
export async function runCritest(options: CritestOptions): Promise<SpecResult[]> {
  const { directory, signal } = options;
  const temporary = join(directory, "tmp");
  await mkdir(temporary);
  const logPath = join(directory, "critest.log");
  const log = await open(logPath, "w");
  try {
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...flags(options)], {
      cwd: directory,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ["ignore", log.fd, log.fd],
    });
    const ended = once(child, "close");
    const stop = () => {
      child.kill("SIGINT");
      sleep(graceMs, undefined, { ref: false }).then(() => child.kill("SIGKILL"));
    };
    signal.addEventListener("abort", stop, { once: true });
    await ended.finally(() => signal.removeEventListener("abort", stop));
  } finally {
    await log.close();
  }
  signal.throwIfAborted();
  const report = await readFile(reportPath(directory), "utf8").catch(async (cause) => {
    throw new Error(`critest has left no report:\n${await readFile(logPath, "utf8")}`, { cause });
  });
  return readReport(report);
}

function flags({ endpoint, transport, seed, args, directory }: CritestOptions): string[] {
  return [
    // Both: the machine's crictl.yaml may name another one.
    ...["-runtime-endpoint", endpoint, "-image-endpoint", endpoint],
    ...transportFlags(transport),
    ...["-ginkgo.seed", `${seed}`, "-ginkgo.randomize-all", "-ginkgo.no-color"],
    ...["-ginkgo.junit-report", reportPath(directory)],
    ...args,
  ];
}

function reportPath(directory: string): string {
  return join(directory, "junit.xml");
}
