import { access } from "node:fs/promises";
import { join } from "node:path";

import { isMonitorOf, readExitFile } from "../adapters/conmon/conmon.js";
import type { LifecycleDeps } from "../deps.js";
import { type ContainerRecord, unknownExitCode } from "../state/container-record.js";
import { type Timestamp, timestampNow } from "../state/time.js";

/** How a container, or a pause process, has ended: fields of its record. */
export interface Ending {
  exitCode: number;
  finishedAt: Timestamp;
  reason: "Completed" | "Error" | "OOMKilled" | "Unknown";
  message: string;
}

type Watched = Pick<ContainerRecord, "id" | "monitor" | "cgroupParent" | "isKilled">;
type EndingDeps = Pick<LifecycleDeps, "paths" | "cgroups">;

const oomExitCode = 137;

/** How it ended; undefined while it runs. What nobody watches any more is killed before it is called ended. */
export async function findEnding(deps: EndingDeps, watched: Watched): Promise<Ending | undefined> {
  const { id, monitor, cgroupParent } = watched;
  // In this order: the monitor writes the file before it goes.
  const hasMonitor = monitor !== undefined && (await isMonitorOf(id, monitor));
  const exit = readExitFile(deps.paths.exits, id);
  if (exit) {
    const { exitCode, finishedAt } = exit;
    const reason = await reasonOf(deps, watched, exitCode);
    return { exitCode, finishedAt: finishedAt.toString(), reason, message: "" };
  }
  if (hasMonitor) return undefined;
  await deps.cgroups.kill(cgroupParent, id);
  const message = "The monitor of the container died or hung before it could report an exit code";
  return { exitCode: unknownExitCode, finishedAt: timestampNow(), reason: "Unknown", message };
}

async function reasonOf(
  { paths }: EndingDeps,
  { id, isKilled }: Watched,
  exitCode: number,
): Promise<Ending["reason"]> {
  if (exitCode === 0) return "Completed";
  // The kernel's choice may have been a child: only an end by SIGKILL that was not ours is put down to it.
  const mayBeOom = exitCode === oomExitCode && !isKilled;
  return mayBeOom && (await exists(join(paths.persist, id, "oom"))) ? "OOMKilled" : "Error";
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
