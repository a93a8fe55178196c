import { writeFileSync } from "node:fs";

import { listPids } from "./list-pids.js";

/** Each round finds those that were forked before the round before had come to their parents. */
const rounds = 10;

/** Sets how readily the kernel kills the processes of a group for memory; those forked from them follow. */
export function setOomScoreAdj(directory: string, value: number): void {
  const done = new Set<number>();
  for (let round = 0; round < rounds; round += 1) {
    const pids = listPids(directory).filter((pid) => !done.has(pid));
    if (pids.length === 0) return;
    for (const pid of pids) {
      write(pid, value);
      done.add(pid);
    }
  }
}

function write(pid: number, value: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(value));
  } catch (error) {
    const hasEnded =
      error instanceof Error && "code" in error && ["ENOENT", "ESRCH"].includes(String(error.code));
    if (!hasEnded) throw error;
  }
}
