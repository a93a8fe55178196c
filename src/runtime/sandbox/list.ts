import { create } from "@bufbuild/protobuf";

import { type PodSandbox, type PodSandboxFilter, PodSandboxSchema, PodSandboxState } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { matchesLabels } from "../label-selector.js";
import { isListed, isReady, type SandboxRecord } from "../state/sandbox-record.js";
import { byNewest } from "../state/time.js";

/** The pods that meet every condition of the filter, newest first. */
export function listPodSandboxes(deps: RuntimeDeps, filter: PodSandboxFilter | undefined): PodSandbox[] {
  return deps.sandboxes
    .list()
    .filter((record) => isListed(record) && matches(record, filter))
    .sort(byNewest)
    .map(listed);
}

function matches(record: SandboxRecord, filter: PodSandboxFilter | undefined): boolean {
  if (!filter) return true;
  if (!record.id.startsWith(filter.id)) return false;
  if (filter.state && filter.state.state !== sandboxState(record)) return false;
  return matchesLabels(record.labels, filter.labelSelector);
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
