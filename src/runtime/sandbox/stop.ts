import { allDone } from "../../async/all-done.js";
import type { StopPodSandboxRequest } from "../../proto.js";
import { stopContainerNow } from "../container/stop.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import { whenFreed } from "../lifecycle/oci-container.js";
import { stopSandbox } from "../lifecycle/stop-sandbox.js";
import { required } from "../required.js";
import { findById } from "../state/ids.js";

/** Kills the pod's processes and frees its network with the address. An absent or stopped pod is done. */
export async function stopPodSandbox(
  deps: RuntimeDeps,
  request: StopPodSandboxRequest,
  { signal }: UseCaseOptions = {},
): Promise<void> {
  const found = findById(deps.sandboxes, required(request.podSandboxId, "pod_sandbox_id"), "sandbox");
  if (!found) return;
  await deps.locks.run(found.id, async () => {
    const record = deps.sandboxes.get(found.id);
    if (!record || record.stoppedAt !== undefined) return;
    const { id } = record;
    const containers = deps.containers.list().filter(({ sandboxId }) => sandboxId === id);
    await allDone(containers.map((container) => stopContainerNow(deps, container, { signal })));
    await stopSandbox(deps, record);
    await allDone(containers.map((container) => whenFreed(deps, container.id)));
  });
}
