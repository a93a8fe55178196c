import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { CriError } from "../errors.js";
import { endProcess, waitForEnd } from "./end-process.js";
import type { Claimed } from "./network-claim.js";
import { runtimeMain } from "./package-files.js";
import { privateName, removePrivateDirectory } from "./private-directory.js";
import { childrenOf, commandLines } from "./processes.js";
import { reaperName } from "./reaper.js";

const execFileAsync = promisify(execFile);
const timeoutMs = 60_000;

/**
 * The daemon's own flags for what it keeps in a private directory. The machine's own configuration is not read, only
 * what `ownConfig` has.
 */
export function placeFlags({ directory, bridge, subnet }: Claimed, hasConfig: boolean): string[] {
  const places = ["--config", hasConfig ? ownConfig(directory) : "/dev/null"];
  places.push("--root", rootOf(directory), "--state", stateOf(directory));
  return [...places, "--bridge", bridge, "--subnet", subnet];
}

/** The copy of a configuration that was given: whoever purges needs the handlers in it. */
export function ownConfig(directory: string): string {
  return join(directory, "config.yaml");
}

export function rootOf(directory: string): string {
  return join(directory, "root");
}

function stateOf(directory: string): string {
  return join(directory, "state");
}

/** Removes all that the runtime of this directory has made, then the directory. */
export async function purge(claimed: Claimed): Promise<void> {
  // A daemon that lacked something ended before it had made anything, and purge would lack the same.
  if (existsSync(stateOf(claimed.directory))) {
    const args = [runtimeMain(), "purge", ...placeFlags(claimed, existsSync(ownConfig(claimed.directory)))];
    await execFileAsync(process.execPath, args, { timeout: timeoutMs, killSignal: "SIGKILL" });
  }
  await killStrays(claimed.directory);
  await removePrivateDirectory(claimed.directory);
}

/** The same for a runtime whose owner was killed: its daemon and reaper may still be there. */
export async function purgeAbandoned(claimed: Claimed): Promise<void> {
  const { directory } = claimed;
  if (!isAbsolute(directory) || !privateName.test(basename(directory))) {
    throw new CriError("failed_precondition", `${directory} is not a private directory of startRuntime()`);
  }
  const reapers = await endDaemons(directory);
  await purge(claimed);
  for (const pid of reapers) await waitForEnd(pid);
}

/** A program that the daemon had called when it was killed, and that hangs, is by now a child of its reaper. */
async function killStrays(directory: string): Promise<void> {
  const { reapers } = await findProcesses(directory);
  for (const pid of await childrenOf(reapers)) {
    if (!reapers.includes(pid)) await endProcess(pid, "SIGKILL");
  }
}

/** Resolves to the reapers: they end by themselves when the directory is gone. */
async function endDaemons(directory: string): Promise<number[]> {
  const { daemons, reapers } = await findProcesses(directory);
  if (daemons.length === 0) {
    // A reaper whose owner was killed this early may be about to start its daemon.
    for (const pid of reapers) await endProcess(pid, "SIGKILL");
    daemons.push(...(await findProcesses(directory)).daemons);
  }
  for (const pid of daemons) await endProcess(pid, "SIGKILL");
  return reapers;
}

/** A purge that a killed sweeper has left behind counts as a daemon. */
async function findProcesses(directory: string): Promise<{ daemons: number[]; reapers: number[] }> {
  const commands = await commandLines();
  const ours = [...commands].filter(([, command]) => command.split("\0").includes(rootOf(directory)));
  const isReaper = ([, command]: [number, string]) => command.includes(reaperName);
  const pids = (found: [number, string][]) => found.map(([pid]) => pid);
  return { daemons: pids(ours.filter((one) => !isReaper(one))), reapers: pids(ours.filter(isReaper)) };
}
