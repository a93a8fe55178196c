import { createMonitored } from "./create.js";
import type { ConmonCreate, MonitoredContainer, ReopenLogOptions } from "./monitored.js";
import { reopenLog } from "./reopen-log.js";

export { type Exit, readExitFile } from "./exit-file.js";
export { isMonitor, isMonitorOf } from "./is-monitor.js";
export type {
  ConmonCreate,
  MonitoredContainer,
  MonitoredRuntime,
  ReopenLogOptions,
  RestoreFrom,
} from "./monitored.js";

/** conmon: one small monitor process per container, which outlives the daemon. */
export interface Conmon {
  /**
   * Creates the container (`runc create`) under a monitor of its own. What a failure has left is freed.
   * Thrown `OciRuntimeError`s carry what the OCI runtime said, for example that the command does not exist.
   */
  create(options: ConmonCreate): Promise<MonitoredContainer>;
  /**
   * Makes the monitor open its log path anew, after a rotation has renamed the file. A file that is still
   * there is replaced by an empty one. A container without a log, and one without a monitor, is done.
   */
  reopenLog(bundle: string, options?: ReopenLogOptions): Promise<void>;
}

export function createConmon(options: { path: string }): Conmon {
  return {
    create: (request) => createMonitored(options.path, request),
    reopenLog,
  };
}
