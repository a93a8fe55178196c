import { setImmediate } from "node:timers/promises";

import { create } from "@bufbuild/protobuf";

import { CriError, NotFoundError } from "../../errors.js";
import {
  type ContainerStats,
  type PodSandboxStats,
  type PodSandboxStatsFilter,
  type PodSandboxStatsRequest,
  type PodSandboxStatsResponse,
  PodSandboxStatsResponseSchema,
  PodSandboxStatsSchema,
} from "../../proto.js";
import { listContainerRecords } from "../container/list.js";
import { statsOfContainers } from "../container/stats.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import { requireById } from "../state/ids.js";
import { isListed, isReady, type SandboxRecord } from "../state/sandbox-record.js";
import { listSandboxRecords } from "./list.js";
import { networkUsage } from "./network-usage.js";
import { podUsage } from "./pod-usage.js";

export async function podSandboxStats(
  deps: RuntimeDeps,
  request: PodSandboxStatsRequest,
): Promise<PodSandboxStatsResponse> {
  const asked = required(request.podSandboxId, "pod_sandbox_id");
  const record = requireById(deps.sandboxes, asked, "sandbox");
  if (!isListed(record)) throw new NotFoundError(`Sandbox ${asked} is still being made`);
  if (!isReady(record)) {
    throw new CriError("failed_precondition", `Sandbox ${record.id} is not ready: it uses nothing any more`);
  }
  const [stats] = await statsOfSandboxes(deps, [record]);
  return create(PodSandboxStatsResponseSchema, { stats });
}

/** Usage of the pods that are ready and meet every condition of the filter, newest first. */
export function listPodSandboxStats(
  deps: RuntimeDeps,
  filter: PodSandboxStatsFilter | undefined,
): Promise<PodSandboxStats[]> {
  const { id = "", labelSelector = {} } = filter ?? {};
  return statsOfSandboxes(deps, listSandboxRecords(deps, { id, labelSelector }).filter(isReady));
}

async function statsOfSandboxes(
  deps: RuntimeDeps,
  records: readonly SandboxRecord[],
): Promise<PodSandboxStats[]> {
  const containers = await containersByPod(deps, new Set(records.map(({ id }) => id)));
  const stats: PodSandboxStats[] = [];
  for (const record of records) {
    stats.push(await describe(deps, record, containers.get(record.id) ?? []));
    await setImmediate();
  }
  return stats;
}

/** All at once, so that the disk is looked at once. */
async function containersByPod(
  deps: RuntimeDeps,
  pods: ReadonlySet<string>,
): Promise<Map<string, ContainerStats[]>> {
  const records = listContainerRecords(deps).filter(({ sandboxId }) => pods.has(sandboxId));
  const stats = await statsOfContainers(deps, records);
  const found = new Map<string, ContainerStats[]>();
  for (const [index, { sandboxId }] of records.entries()) {
    const one = stats[index];
    if (one) found.set(sandboxId, [...(found.get(sandboxId) ?? []), one]);
  }
  return found;
}

async function describe(
  deps: RuntimeDeps,
  record: SandboxRecord,
  containers: ContainerStats[],
): Promise<PodSandboxStats> {
  const { id, metadata, labels, annotations } = record;
  return create(PodSandboxStatsSchema, {
    attributes: { id, metadata, labels, annotations },
    linux: {
      ...podUsage(deps, record, containers),
      network: await networkUsage(record),
      containers,
    },
  });
}
