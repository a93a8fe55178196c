import { create } from "@bufbuild/protobuf";

import { type PodSandbox, type PodSandboxFilter, PodSandboxSchema, PodSandboxState } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { matchesLabels } from "../label-selector.js";
import { isListed, isReady, type SandboxRecord } from "../state/sandbox-record.js";
import { byNewest } from "../state/time.js";

/** The pods that meet every condition of the filter, newest first. */
export function listPodSandboxes(deps: RuntimeDeps, filter: PodSandboxFilter | undefined): PodSandbox[] {
  return listSandboxRecords(deps, filter).map(listed);
}

export function listSandboxRecords(
  deps: Pick<RuntimeDeps, "sandboxes">,
  filter: Partial<PodSandboxFilter> = {},
): SandboxRecord[] {
  return deps.sandboxes
    .list()
    .filter((record) => isListed(record) && matches(record, filter))
    .sort(byNewest);
}

function matches(record: SandboxRecord, filter: Partial<PodSandboxFilter>): boolean {
  const { id = "", state, labelSelector = {} } = filter;
  if (!record.id.startsWith(id)) return false;
  if (state && state.state !== sandboxState(record)) return false;
  return matchesLabels(record.labels, labelSelector);
}

function listed(record: SandboxRecord): PodSandbox {
  return create(PodSandboxSchema, {
    id: record.id,
    metadata: record.metadata,
    state: sandboxState(record),
    createdAt: BigInt(record.createdAt),
    labels: record.labels,
    annotations: record.annotations,
    runtimeHandler: record.handler,
  });
}

export function sandboxState(record: SandboxRecord): PodSandboxState {
  return isReady(record) ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
}
