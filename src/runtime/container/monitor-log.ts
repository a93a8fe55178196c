import { join } from "node:path";

import type { RuntimePaths } from "../paths.js";
import type { ContainerRecord } from "../state/container-record.js";

/**
 * Nobody reads what was said before. It must be long enough for who joins the container to keep up, since the
 * monitor starts the file anew without a thought for readers.
 */
const ownLogBytes = 64 * 1024 * 1024;

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
