import { isMonitor } from "../adapters/conmon/conmon.js";
import { findPrograms } from "../adapters/orphans.js";
import { killTree } from "../adapters/process.js";

/**
 * Ends the programs that a killed daemon had started and that still work on: what they go on to make would come
 * after everything had been looked at. Monitors, which are to outlive their daemon, stay.
 */
export async function endOrphans(state: string): Promise<void> {
  for (const program of await findPrograms(state)) {
    if (!(await isMonitor(program.pid))) await killTree(program);
  }
}
