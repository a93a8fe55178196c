import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { sleep } from "../../../async/abort.js";
import { DeadlineError } from "../../../errors.js";
import { sendSignal } from "../process.js";
import { listPids } from "./list-pids.js";

/** What is killed has mostly gone within a millisecond or two. */
const firstPollMs = 1;
const longestPollMs = 8;
const timeoutMs = 10_000;

/** Kills what is in a group, given by its directory in each tree, until nothing is left. */
export async function killGroup(directories: readonly string[]): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, longestPollMs)) {
    const pids = await signalGroup(directories);
    if (pids.length === 0) return;
    if (performance.now() > deadline) {
      throw new DeadlineError(`Processes ${pids.join(", ")} were killed and are still there`);
    }
    await sleep(pollMs);
  }
}

/** Sends SIGKILL to what is in a group by now, and gives their pids. */
export async function signalGroup(directories: readonly string[]): Promise<number[]> {
  const pids = [...new Set(directories.flatMap(listPids))];
  if (pids.length === 0) return pids;
  // In version 1 a signal waits for as long as its process is frozen, as by a checkpoint that nobody has finished.
  await write(directories, "freezer.state", "THAWED");
  // Version 2 kills a group with all below, with no way out for what forks meanwhile; since Linux 5.14. On a hybrid
  // host only one of the trees has this, and it need not hold them all.
  await write(directories, "cgroup.kill", "1");
  for (const pid of pids) sendSignal(pid, "SIGKILL");
  return pids;
}

/** Not at once: these wait for whoever else changes a group. */
async function write(directories: readonly string[], name: string, text: string): Promise<void> {
  const files = directories.map((directory) => join(directory, name)).filter((path) => existsSync(path));
  await Promise.all(files.map((path) => writeFile(path, text, { flag: "r+" }).catch(() => {})));
}
