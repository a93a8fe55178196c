import { create } from "@bufbuild/protobuf";
import type { ContainerEventResponse } from "../../proto.js";
import { ContainerEventResponseSchema, ContainerEventType } from "../../proto.js";
import { describeContainer } from "../container/status.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import type { LifecycleEvent } from "../lifecycle/events.js";
import { describeSandbox } from "./status.js";

const types = {
  created: ContainerEventType.CONTAINER_CREATED_EVENT,
  started: ContainerEventType.CONTAINER_STARTED_EVENT,
  stopped: ContainerEventType.CONTAINER_STOPPED_EVENT,
  deleted: ContainerEventType.CONTAINER_DELETED_EVENT,
} as const;

/** What happens to containers and pods from now on, until the client leaves. */
export async function* containerEvents(
  { events }: Pick<RuntimeDeps, "events">,
  { signal }: UseCaseOptions = {},
): AsyncGenerator<ContainerEventResponse, void> {
  for await (const event of events.subscribe(signal)) yield toMessage(event);
}

function toMessage({ id, type, at, sandbox, containers }: LifecycleEvent): ContainerEventResponse {
  return create(ContainerEventResponseSchema, {
    containerId: id,
    containerEventType: types[type],
    createdAt: BigInt(at),
    ...(sandbox && { podSandboxStatus: describeSandbox(sandbox) }),
    containersStatuses: containers.map(describeContainer),
  });
}
