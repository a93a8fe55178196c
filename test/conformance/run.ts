import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startRuntime } from "../../src/testing/start-runtime.js";
import { newerRuncPath } from "../left-out.js";
import { type CritestOptions, runCritest } from "./critest.js";
import type { SpecResult } from "./report.js";

export interface RunOptions extends Omit<CritestOptions, "endpoint"> {
  /** A runtime that is there; a new bundled one unless given. */
  readonly endpoint: string | undefined;
  /** The file that leads the bundled runtime to the suite's images. */
  readonly registriesConf: string;
}

/** One run of the suite. It leaves the logs in `directory`: critest.log, junit.xml, runtime.log. */
export async function runSuite({ endpoint, registriesConf, ...options }: RunOptions): Promise<SpecResult[]> {
  if (endpoint !== undefined) return runCritest({ ...options, endpoint });
  const { signal, directory } = options;
  const runtime = await startRuntime({ registriesConf, logLevel: "debug", signal });
  try {
    return await runCritest({ ...options, endpoint: runtime.endpoint });
  } finally {
    await runtime[Symbol.asyncDispose]();
    await writeFile(join(directory, "runtime.log"), await runtime.log());
  }
}

/** From now on, the handler `runc` of the runtimes that are started here is a newer one than Debian's. */
export function useNewerRunc(): void {
  process.env.PATH = `${dirname(newerRuncPath)}:${process.env.PATH}`;
}
