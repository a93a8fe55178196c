import { setImmediate } from "node:timers/promises";

import { create } from "@bufbuild/protobuf";

import { NotFoundError } from "../../errors.js";
import {
  type ContainerStats,
  type ContainerStatsFilter,
  type ContainerStatsRequest,
  type ContainerStatsResponse,
  ContainerStatsResponseSchema,
  ContainerStatsSchema,
} from "../../proto.js";
import type { MeasuredUsage } from "../adapters/disk-usage-cache.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import { requireById } from "../state/ids.js";
import { isListed } from "../state/sandbox-record.js";
import { listContainerRecords } from "./list.js";
import { nanosecondsSinceEpoch, usageMessages, wrapped } from "./usage-messages.js";

export async function containerStats(
  deps: RuntimeDeps,
  request: ContainerStatsRequest,
): Promise<ContainerStatsResponse> {
  const asked = required(request.containerId, "container_id");
  const record = requireById(deps.containers, asked, "container");
  if (!isListed(record)) throw new NotFoundError(`Container ${asked} is still being made`);
  const [stats] = await statsOfContainers(deps, [record]);
  return create(ContainerStatsResponseSchema, { stats });
}

/** Usage of the containers that meet every condition of the filter, newest first. */
export function listContainerStats(
  deps: RuntimeDeps,
  filter: ContainerStatsFilter | undefined,
): Promise<ContainerStats[]> {
  const { id = "", podSandboxId = "", labelSelector = {} } = filter ?? {};
  return statsOfContainers(deps, listContainerRecords(deps, { id, podSandboxId, labelSelector }));
}

/**
 * In the order of the records. Only a running container uses processor and memory. One that is created or has ended is there as well, for
 * what it has written: kubelet counts that as long as it is on the disk.
 */
export async function statsOfContainers(
  deps: RuntimeDeps,
  records: readonly ContainerRecord[],
): Promise<ContainerStats[]> {
  const layers = await deps.diskUsage.of(records.map(({ id }) => deps.paths.container(id).upper));
  const stats: ContainerStats[] = [];
  for (const record of records) {
    stats.push(describe(deps, record, layers.get(deps.paths.container(record.id).upper)));
    // Reading a group takes no waiting, only time: other calls are let in between.
    await setImmediate();
  }
  return stats;
}

function describe(
  { cgroups, containers, paths }: RuntimeDeps,
  record: ContainerRecord,
  layer: MeasuredUsage | undefined,
): ContainerStats {
  const { id, metadata, labels, annotations, cgroupParent } = record;
  // It may have ended, and be removed, since it was listed.
  const runs = containerState(containers.get(id) ?? record) === "running";
  return create(ContainerStatsSchema, {
    attributes: { id, metadata, labels, annotations },
    ...(runs && usageMessages(cgroups.usage(cgroups.containerGroup(cgroupParent, id)))),
    writableLayer: layer && {
      timestamp: nanosecondsSinceEpoch(layer.measuredAt),
      // One name for all, so that whoever looks up the file system does it once.
      fsId: { mountpoint: paths.containerRecords },
      usedBytes: wrapped(BigInt(layer.bytes)),
      inodesUsed: wrapped(BigInt(layer.inodes)),
    },
  });
}
