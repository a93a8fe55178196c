import { create, type JsonObject, toJson } from "@bufbuild/protobuf";

import {
  type Container,
  ContainerConfigSchema,
  ContainerSchema,
  type ContainerStatus,
  ContainerStatusSchema,
} from "../../proto.js";
import type { FakeContainer } from "./state.js";

function common({ id, config, imageId, state, createdAt }: FakeContainer) {
  const { metadata, image, labels, annotations } = config;
  return {
    id,
    state,
    createdAt,
    labels,
    annotations,
    imageRef: imageId,
    imageId,
    ...(metadata && { metadata }),
    ...(image && { image }),
  };
}

export function listedContainer(container: FakeContainer): Container {
  return create(ContainerSchema, { ...common(container), podSandboxId: container.podId });
}

export function containerStatus(container: FakeContainer): ContainerStatus {
  const { startedAt, finishedAt, exitCode, reason, message, logPath, resources, config } = container;
  return create(ContainerStatusSchema, {
    ...common(container),
    startedAt,
    finishedAt,
    exitCode,
    reason,
    message,
    logPath,
    mounts: config.mounts,
    resources: { ...(resources && { linux: resources }) },
  });
}

/** All that there is of a container without processes. */
export function checkpointOf({ id, config }: FakeContainer): JsonObject {
  return { id, config: toJson(ContainerConfigSchema, config) };
}
