import type { LifecycleDeps } from "../deps.js";
import { isReady, type SandboxRecord } from "../state/sandbox-record.js";
import { discardSandbox, endPauseProcess } from "./release-sandbox.js";
import { stopSandbox } from "./stop-sandbox.js";

/** Makes the record of one sandbox and the facts agree. `held` is for whose processes something is held. */
export async function recoverSandbox(
  deps: LifecycleDeps,
  record: SandboxRecord,
  held: ReadonlySet<string>,
): Promise<void> {
  const { id, step, netns } = record;
  if (step === "making" || step === "removing") return discardSandbox(deps, record);
  if (step === "stopping") return stopSandbox(deps, record);
  if (!isReady(record) && held.has(id)) await endPauseProcess(deps, record);
  // The host was started anew: its addresses have been given back with everything else.
  if (netns !== undefined && record.ips.length > 0 && !deps.netns.isThere(netns)) {
    await deps.sandboxes.update(id, { ips: [] });
  }
}
