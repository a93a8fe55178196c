import { join } from "node:path";

import type { RuntimePaths } from "../paths.js";
import type { ContainerRecord } from "../state/container-record.js";

/** Nobody reads what was said before, so that it need not be longer than it takes to see that it was replaced. */
const ownLogBytes = 64 * 1024 * 1024;
/** A client may be as many files behind; then its session ends. Their names are gone, their room is not. */
export const ownLogsKept = 4;

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
  return { logPath: join(paths.container(id).recordDirectory, "output.log"), maxLogBytes: ownLogBytes };
}
