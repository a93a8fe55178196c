import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { sleep } from "../../../async/abort.js";
import { DeadlineError } from "../../../errors.js";
import { sendSignal } from "../process.js";
import { listPids } from "./list-pids.js";

const pollMs = 5;
const timeoutMs = 10_000;

/** Kills what is in a group, given by its directory in each tree, until nothing is left. */
export async function killGroup(directories: readonly string[]): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const pids = new Set(directories.flatMap(listPids));
    if (pids.size === 0) return;
    if (performance.now() > deadline) {
      throw new DeadlineError(`Processes ${[...pids].join(", ")} were killed and are still there`);
    }
    await Promise.all(directories.map(thaw));
    // On a hybrid host only one of the trees has this, and it need not hold them all.
    await Promise.all(directories.map(killAtOnce));
    for (const pid of pids) sendSignal(pid, "SIGKILL");
    await sleep(pollMs);
  }
}

/** In version 1 a signal waits for as long as its process is frozen, as by a checkpoint that nobody has finished. */
async function thaw(directory: string): Promise<void> {
  await writeFile(join(directory, "freezer.state"), "THAWED", { flag: "r+" }).catch(() => {});
}

/** Version 2 kills a group with all below, with no way out for what forks meanwhile; since Linux 5.14. */
async function killAtOnce(directory: string): Promise<void> {
  await writeFile(join(directory, "cgroup.kill"), "1", { flag: "r+" }).catch(() => {});
}
