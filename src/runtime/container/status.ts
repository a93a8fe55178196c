import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";

import { NotFoundError } from "../../errors.js";
import {
  ContainerConfigSchema,
  type ContainerStatus,
  type ContainerStatusRequest,
  type ContainerStatusResponse,
  ContainerStatusResponseSchema,
  ContainerStatusSchema,
  type Mount,
} from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import type { ContainerRecord } from "../state/container-record.js";
import { requireById } from "../state/ids.js";
import { isListed } from "../state/sandbox-record.js";
import { wireState } from "./list.js";
import { containerResources } from "./resources.js";
import { describeStopSignal } from "./stop-signal.js";
import { verboseInfo } from "./verbose-info.js";

export async function containerStatus(
  deps: RuntimeDeps,
  request: ContainerStatusRequest,
): Promise<ContainerStatusResponse> {
  const asked = required(request.containerId, "container_id");
  const record = requireById(deps.containers, asked, "container");
  if (!isListed(record)) throw new NotFoundError(`Container ${asked} is still being made`);
  return create(ContainerStatusResponseSchema, {
    status: describeContainer(record),
    ...(request.verbose && { info: await verboseInfo(deps, record) }),
  });
}

export function describeContainer(record: ContainerRecord): ContainerStatus {
  const { uid, gid, additionalGids } = record.user;
  const linux = containerResources(record);
  return create(ContainerStatusSchema, {
    id: record.id,
    metadata: record.metadata,
    state: wireState(record),
    createdAt: BigInt(record.createdAt),
    startedAt: BigInt(record.startedAt ?? 0),
    finishedAt: BigInt(record.finishedAt ?? 0),
    exitCode: record.exitCode ?? 0,
    image: { image: record.image.asked, userSpecifiedImage: record.image.asked },
    imageRef: record.image.ref,
    imageId: record.image.id,
    reason: record.reason ?? "",
    message: record.message ?? "",
    labels: record.labels,
    annotations: record.annotations,
    mounts: mounts(record),
    logPath: record.logPath ?? "",
    resources: { ...(linux && { linux }) },
    user: {
      linux: { uid: BigInt(uid), gid: BigInt(gid), supplementalGroups: additionalGids.map(BigInt) },
    },
    stopSignal: describeStopSignal(record.stopSignal),
  });
}

/** As asked for; where it is an image, with the ID of the one that is mounted. */
function mounts(record: ContainerRecord): Mount[] {
  const asked = (record.config as { mounts?: JsonValue }).mounts;
  if (asked === undefined) return [];
  // The rest of the configuration, often a long environment, would take longer to read than all of a status.
  const { mounts } = fromJson(ContainerConfigSchema, { mounts: asked });
  for (const { mount, id } of record.imageVolumes ?? []) {
    const image = mounts[mount]?.image;
    if (image) image.imageRef = id;
  }
  return mounts;
}
