import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../../src/testing/run-tool.js";
import { temporaryDirectory } from "../../src/testing/temporary-directory.js";

/** For one run of the suite. Dispose removes it, with what specs that were cut short have mounted in it. */
export async function runDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(temporaryDirectory(), "crikit-suite-"));
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const mount of (await mountsBelow(path)).reverse()) await runTool("umount", ["--lazy", mount]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function mountsBelow(directory: string): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return mounts
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith(`${directory}/`));
}
