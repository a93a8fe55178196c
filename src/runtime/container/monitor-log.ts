import { join } from "node:path";

import type { RuntimePaths } from "../paths.js";
import type { ContainerRecord } from "../state/container-record.js";

/** Enough for who joins a container to follow what it says; nobody reads what was said before. */
const ownLogBytes = 1024 * 1024;

interface MonitorLog {
  logPath: string;
  maxLogBytes?: number;
}

/** The file that the monitor writes a container's output to: its log, or one of ours where it is to have none. */
export function monitorLog(
  { paths }: { paths: RuntimePaths },
  { id, logPath }: Pick<ContainerRecord, "id" | "logPath">,
): MonitorLog {
  if (logPath !== undefined) return { logPath };
  return { logPath: join(paths.container(id).directory, "output.log"), maxLogBytes: ownLogBytes };
}
