import { execFile } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { CriError } from "../errors.js";
import type { Claimed } from "./network-claim.js";
import { runtimeMain } from "./package-files.js";
import { temporaryDirectory } from "./temporary-directory.js";

const execFileAsync = promisify(execFile);

/** The daemon's own flags for what it keeps in a private directory; the machine's own configuration is not read. */
export function placeFlags({ directory, bridge, subnet }: Claimed): string[] {
  const places = ["--config", "/dev/null", "--root", rootOf(directory), "--state", join(directory, "state")];
  return [...places, "--bridge", bridge, "--subnet", subnet];
}

export function rootOf(directory: string): string {
  return join(directory, "root");
}

/** Removes all that the runtime of this directory has made, then the directory. */
export async function purge(claimed: Claimed): Promise<void> {
  await execFileAsync(process.execPath, [runtimeMain(), "purge", ...placeFlags(claimed)]);
  await rm(claimed.directory, { recursive: true, force: true });
}

/** The same for a runtime whose owner was killed: its daemon may still be serving. */
export async function purgeAbandoned(claimed: Claimed): Promise<void> {
  const { directory } = claimed;
  if (dirname(directory) !== temporaryDirectory() || !basename(directory).startsWith("crikit-")) {
    throw new CriError("failed_precondition", `${directory} is not a private directory of startRuntime()`);
  }
  for (const pid of await processesWithArgument(rootOf(directory))) {
    process.kill(pid, "SIGKILL");
    while (await commandLine(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await purge(claimed);
}

async function processesWithArgument(argument: string): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const found: number[] = [];
  for (const pid of pids) {
    const [program, ...args] = (await commandLine(pid)).split("\0");
    if (program !== undefined && args.includes("--listen") && args.includes(argument)) found.push(pid);
  }
  return found;
}

// Empty once the process has ended, also while it waits to be reaped.
async function commandLine(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}
