import { create, fromJson, toJson } from "@bufbuild/protobuf";

import {
  LinuxPodSandboxConfigSchema,
  PodSandboxConfigSchema,
  type UpdatePodSandboxResourcesRequest,
} from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import { checkResources } from "../spec/resources.js";
import { requireById } from "../state/ids.js";

/**
 * Takes note of a pod's resources, for its verbose status. The pod's control group is the caller's: kubelet has
 * written its limits before it asks, by rules of its own.
 */
export async function updatePodSandboxResources(
  deps: RuntimeDeps,
  request: UpdatePodSandboxResourcesRequest,
): Promise<void> {
  const { overhead, resources } = request;
  checkResources(overhead, "overhead");
  checkResources(resources, "resources");
  const { id } = requireById(deps.sandboxes, required(request.podSandboxId, "pod_sandbox_id"), "sandbox");
  await deps.locks.run(id, async () => {
    const record = requireById(deps.sandboxes, id, "sandbox");
    const config = fromJson(PodSandboxConfigSchema, record.config);
    config.linux ??= create(LinuxPodSandboxConfigSchema);
    if (overhead) config.linux.overhead = overhead;
    if (resources) config.linux.resources = resources;
    await deps.sandboxes.update(id, { config: toJson(PodSandboxConfigSchema, config) });
  });
}
