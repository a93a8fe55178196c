import { toJson } from "@bufbuild/protobuf";

import { CriError } from "../../errors.js";
import { LinuxContainerResourcesSchema, type UpdateContainerResourcesRequest } from "../../proto.js";
import { mergeResources } from "../../resources.js";
import type { RuntimeDeps } from "../deps.js";
import { finishUpdate } from "../lifecycle/finish-update.js";
import { required } from "../required.js";
import { checkResources, clampOomScoreAdj, ociResources } from "../spec/resources.js";
import { specHost } from "../spec-inputs.js";
import { containerState } from "../state/container-record.js";
import { requireById } from "../state/ids.js";
import { containerResources } from "./resources.js";

/**
 * Changes limits. Those of a container that runs hold at once; one that is created starts with them; of one that
 * has ended only the status tells them, as with containerd.
 */
export async function updateContainerResources(
  deps: RuntimeDeps,
  request: UpdateContainerResourcesRequest,
): Promise<void> {
  const asked = required(request.containerId, "container_id");
  const change = required(request.linux, "linux");
  checkResources(change, "linux");
  const { id, sandboxId } = requireById(deps.containers, asked, "container");
  await deps.locks.run(sandboxId, async () => {
    const record = requireById(deps.containers, id, "container");
    if (record.step !== undefined) {
      throw new CriError("failed_precondition", `Container ${id} is ${record.step}: its limits stay`);
    }
    const merged = mergeResources(containerResources(record), change);
    checkResources(merged, "linux");
    const resources = toJson(LinuxContainerResourcesSchema, merged);
    if (containerState(record) !== "running") {
      await deps.containers.update(id, { resources });
      return;
    }
    const host = specHost(deps);
    const updating = await deps.containers.update(id, {
      update: {
        resources,
        limits: ociResources(merged, host),
        // CRI has no other way to say that it is to stay.
        oomScoreAdj:
          change.oomScoreAdj === 0n ? undefined : clampOomScoreAdj(Number(change.oomScoreAdj), host),
        before: deps.cgroups.readLimits(deps.cgroups.containerGroup(record.cgroupParent, id)),
      },
    });
    await finishUpdate(deps, updating);
  });
}
