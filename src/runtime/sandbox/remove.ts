import { allDone } from "../../async/all-done.js";
import type { RemovePodSandboxRequest } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { discardContainer } from "../lifecycle/release-container.js";
import { discardSandbox } from "../lifecycle/release-sandbox.js";
import { required } from "../required.js";
import { findById } from "../state/ids.js";

/** Removes a pod with all its containers, by force if they run. An absent pod is done. */
export async function removePodSandbox(deps: RuntimeDeps, request: RemovePodSandboxRequest): Promise<void> {
  const found = findById(deps.sandboxes, required(request.podSandboxId, "pod_sandbox_id"), "sandbox");
  if (!found) return;
  await deps.locks.run(found.id, async () => {
    const record = deps.sandboxes.get(found.id);
    if (!record) return;
    const containers = deps.containers.list().filter(({ sandboxId }) => sandboxId === record.id);
    await allDone(containers.map((container) => discardContainer(deps, container)));
    await discardSandbox(deps, record);
  });
}
