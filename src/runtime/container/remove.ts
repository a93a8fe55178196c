import type { RemoveContainerRequest } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { discardContainer } from "../lifecycle/release-container.js";
import { required } from "../required.js";
import { findById } from "../state/ids.js";

/** Removes a container, by force if it runs; its log stays. An absent one is done. */
export async function removeContainer(deps: RuntimeDeps, request: RemoveContainerRequest): Promise<void> {
  const found = findById(deps.containers, required(request.containerId, "container_id"), "container");
  if (!found) return;
  await deps.locks.run(found.sandboxId, async () => {
    if (deps.containers.get(found.id)) await discardContainer(deps, found);
  });
}
