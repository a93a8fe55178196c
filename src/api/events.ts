import { create } from "@bufbuild/protobuf";
import { UnavailableError, UnsupportedError } from "../errors.js";
import { jsonSafe } from "../messages/json-safe.js";
import {
  type ContainerEventResponse,
  ContainerStatusResponseSchema,
  ContainerEventType as EventType,
  PodSandboxStatusResponseSchema,
} from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { type ContainerStatus, toContainerStatus } from "./container-status.js";
import type { ApiContext } from "./context.js";
import { type PodStatus, toPodStatus } from "./pod-status.js";
import { dateOf } from "./time.js";

/** `unknown`: a newer runtime told of something that crikit does not know. */
export type ContainerEventType = "created" | "started" | "stopped" | "deleted" | "unknown";

/** Something that has happened to a pod or a container. */
export interface ContainerEvent {
  /** What has happened. */
  readonly type: ContainerEventType;
  /** What it happened to; undefined where the runtime does not tell enough to say. */
  readonly kind: "pod" | "container" | undefined;
  /** The ID of the pod or the container that it happened to. */
  readonly id: string;
  /** When it happened, by the runtime's clock. */
  readonly createdAt: Date;
  /** The pod just after. Runtimes leave it out where it is gone. */
  readonly pod: PodStatus | undefined;
  /** All containers of the pod just after, not only the one it happened to. */
  readonly containers: readonly ContainerStatus[];
  /** The message of the runtime. */
  readonly raw: ContainerEventResponse;
}

const rpc = "GetContainerEvents";

/** CRI-O ends the stream with success as soon as it is opened where its events are switched off. */
const atOnceMs = 1_000;

/** The RPC's events. They end as {@link eventMessages} do. */
export async function* containerEvents(
  context: ApiContext,
  options: CallOptions,
): AsyncGenerator<ContainerEvent, void, undefined> {
  for await (const raw of eventMessages(context, options)) yield toContainerEvent(raw);
}

/** The RPC's messages, and an error for an end that is none of the RPC's own. */
export async function* eventMessages(
  { runtime, endpoint }: ApiContext,
  options: CallOptions,
): AsyncGenerator<ContainerEventResponse, void, undefined> {
  const openedAt = performance.now();
  let heard = false;
  for await (const raw of runtime.getContainerEvents({}, options)) {
    heard = true;
    yield raw;
  }
  if (!heard && performance.now() - openedAt < atOnceMs) {
    throw new UnsupportedError(
      `${rpc} is not served by this runtime: it ends the stream at once. CRI-O has events with enable_pod_events = true`,
      { rpc, endpoint },
    );
  }
  throw new UnavailableError(`${rpc}: The runtime has ended the stream: call again, then list`, {
    rpc,
    endpoint,
  });
}

const types: Record<EventType, ContainerEventType> = {
  [EventType.CONTAINER_CREATED_EVENT]: "created",
  [EventType.CONTAINER_STARTED_EVENT]: "started",
  [EventType.CONTAINER_STOPPED_EVENT]: "stopped",
  [EventType.CONTAINER_DELETED_EVENT]: "deleted",
};

function toContainerEvent(raw: ContainerEventResponse): ContainerEvent {
  const { containerId: id, podSandboxStatus, containersStatuses, createdAt: timestamp } = raw;
  const response = { containersStatuses, timestamp };
  return jsonSafe({
    type: types[raw.containerEventType] ?? "unknown",
    kind: kindOf(raw),
    id,
    createdAt: dateOf(timestamp),
    pod:
      podSandboxStatus &&
      toPodStatus(
        podSandboxStatus.id,
        create(PodSandboxStatusResponseSchema, { ...response, status: podSandboxStatus }),
      ),
    containers: containersStatuses.map((status) =>
      toContainerStatus(status.id, create(ContainerStatusResponseSchema, { status })),
    ),
    raw,
  });
}

function kindOf({ containerId, podSandboxStatus, containersStatuses }: ContainerEventResponse) {
  if (podSandboxStatus) return podSandboxStatus.id === containerId ? "pod" : "container";
  return containersStatuses.some(({ id }) => id === containerId) ? "container" : undefined;
}
