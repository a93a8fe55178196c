import type { LifecycleDeps } from "../deps.js";
import { timestampNow } from "../state/time.js";
import { checkReleased } from "./release-container.js";
import { stopSandboxParts } from "./release-sandbox.js";

/** Ends the pause process and frees the network; the record stays, and with it what the pod was. */
export async function stopSandbox(deps: LifecycleDeps, { id }: { id: string }): Promise<void> {
  const record = await deps.sandboxes.update(id, { step: "stopping" });
  checkReleased(
    await stopSandboxParts(deps, record),
    `the network, shared memory and pause process of sandbox ${id}`,
  );
  const stoppedAt = timestampNow();
  const exitedAt = deps.sandboxes.get(id)?.exitedAt ?? stoppedAt;
  await deps.sandboxes.update(id, { step: undefined, stoppedAt, exitedAt, ips: [] });
}
