import { create } from "@bufbuild/protobuf";

import { type Container, type ContainerFilter, ContainerSchema, ContainerState } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { matchesLabels } from "../label-selector.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import { isListed } from "../state/sandbox-record.js";
import { byNewest } from "../state/time.js";

/** The containers that meet every condition of the filter, newest first. */
export function listContainers(deps: RuntimeDeps, filter: ContainerFilter | undefined): Container[] {
  return listContainerRecords(deps, filter).map(listed);
}

export function listContainerRecords(
  deps: Pick<RuntimeDeps, "containers">,
  filter: Partial<ContainerFilter> = {},
): ContainerRecord[] {
  const { id = "", podSandboxId = "", state, labelSelector = {} } = filter;
  return deps.containers
    .list()
    .filter(
      (record) =>
        isListed(record) &&
        record.id.startsWith(id) &&
        record.sandboxId.startsWith(podSandboxId) &&
        (state === undefined || state.state === wireState(record)) &&
        matchesLabels(record.labels, labelSelector),
    )
    .sort(byNewest);
}

function listed(record: ContainerRecord): Container {
  return create(ContainerSchema, {
    id: record.id,
    podSandboxId: record.sandboxId,
    metadata: record.metadata,
    image: { image: record.image.asked, userSpecifiedImage: record.image.asked },
    imageRef: record.image.ref,
    imageId: record.image.id,
    state: wireState(record),
    createdAt: BigInt(record.createdAt),
    labels: record.labels,
    annotations: record.annotations,
  });
}

const wireStates = {
  created: ContainerState.CONTAINER_CREATED,
  running: ContainerState.CONTAINER_RUNNING,
  exited: ContainerState.CONTAINER_EXITED,
} as const;

export function wireState(record: ContainerRecord): ContainerState {
  return wireStates[containerState(record)];
}
