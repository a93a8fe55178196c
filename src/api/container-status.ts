import { jsonSafe } from "../messages/json-safe.js";
import {
  type Container as ContainerMessage,
  type ContainerMetadata as ContainerMetadataMessage,
  type ContainerStatusResponse,
  ContainerState as State,
} from "../proto.js";
import { fromLinuxResources, type Resources } from "./resources.js";
import { dateOf, toDate } from "./time.js";
import { parseVerboseInfo, type VerboseInfo } from "./verbose-info.js";

/** `unknown`: the runtime lost track of it, or reported a state that crikit does not know. */
export type ContainerState = "created" | "running" | "exited" | "unknown";

/** What names a container in its pod. */
export interface ContainerMetadata {
  /** As in the pod's manifest, for one that kubelet has made. */
  readonly name: string;
  /** How many containers of this name were made before it in the pod. */
  readonly attempt: number;
}

/** A container as a list tells of it. */
export interface ContainerSummary {
  /** The whole ID: 64 hex digits with most runtimes. */
  readonly id: string;
  /** The ID of the pod that it is in. */
  readonly podId: string;
  /** What names it in its pod. */
  readonly metadata: ContainerMetadata;
  /** What it was doing when the list was made. */
  readonly state: ContainerState;
  /** When the runtime made it, to the millisecond. */
  readonly createdAt: Date;
  /** As it was asked for, or as the runtime reads it. */
  readonly image: string;
  /** What the runtime resolved it to: a digest or an ID. */
  readonly imageRef: string;
  /** What it was labelled with; lists can be filtered by them. */
  readonly labels: Readonly<Record<string, string>>;
  /** What it was annotated with. Runtimes keep it and do not look at it, save for keys of their own. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The message of the runtime, with all that CRI says. */
  readonly raw: ContainerMessage;
}

/** A container as its own status tells of it. */
export interface ContainerStatus extends Omit<ContainerSummary, "podId" | "raw"> {
  /** Undefined until it was started. */
  readonly startedAt: Date | undefined;
  /** Undefined until it has ended. */
  readonly finishedAt: Date | undefined;
  /** Undefined until it has ended. 128 and more: ended by signal (code - 128), or never started. */
  readonly exitCode: number | undefined;
  /** Why it is in its state, in CamelCase: `Completed`, `Error`, `OOMKilled`, `StartError`. */
  readonly reason: string;
  /** The same as `reason` in a sentence of the runtime's; often empty. */
  readonly message: string;
  /** Where its log lies on the runtime's host; empty when it keeps none. */
  readonly logPath: string;
  /** The limits that hold; undefined on a runtime that does not tell them. */
  readonly resources: Resources | undefined;
  /** Empty unless asked for with `verbose`. */
  readonly info: VerboseInfo;
  /** The message of the runtime, with mounts, resources, user and all else that CRI says. */
  readonly raw: ContainerStatusResponse;
}

const states: Record<State, ContainerState> = {
  [State.CONTAINER_CREATED]: "created",
  [State.CONTAINER_RUNNING]: "running",
  [State.CONTAINER_EXITED]: "exited",
  [State.CONTAINER_UNKNOWN]: "unknown",
};

const stateValues: Record<ContainerState, State> = {
  created: State.CONTAINER_CREATED,
  running: State.CONTAINER_RUNNING,
  exited: State.CONTAINER_EXITED,
  unknown: State.CONTAINER_UNKNOWN,
};

export const containerStates: readonly ContainerState[] = ["created", "running", "exited", "unknown"];

export function fromContainerState(state: ContainerState): State {
  return stateValues[state];
}

export function toContainerSummary(raw: ContainerMessage): ContainerSummary {
  const { id, labels, annotations } = raw;
  return jsonSafe({
    id,
    podId: raw.podSandboxId,
    metadata: toContainerMetadata(raw.metadata),
    state: states[raw.state] ?? "unknown",
    createdAt: dateOf(raw.createdAt),
    image: raw.image?.image ?? "",
    imageRef: raw.imageRef,
    labels,
    annotations,
    raw,
  });
}

export function toContainerStatus(
  id: string,
  raw: ContainerStatusResponse,
  { verbose = false } = {},
): ContainerStatus {
  const { status } = raw;
  const { linux } = status?.resources ?? {};
  const state = (status && states[status.state]) ?? "unknown";
  return jsonSafe({
    id: status?.id || id,
    metadata: toContainerMetadata(status?.metadata),
    state,
    createdAt: dateOf(status?.createdAt ?? 0n),
    startedAt: toDate(status?.startedAt ?? 0n),
    finishedAt: toDate(status?.finishedAt ?? 0n),
    exitCode: state === "exited" ? status?.exitCode : undefined,
    reason: status?.reason ?? "",
    message: status?.message ?? "",
    image: status?.image?.image ?? "",
    imageRef: status?.imageRef ?? "",
    labels: status?.labels ?? {},
    annotations: status?.annotations ?? {},
    logPath: status?.logPath ?? "",
    resources: linux && fromLinuxResources(linux),
    info: verbose ? parseVerboseInfo(raw.info) : {},
    raw,
  });
}

export function toContainerMetadata(metadata: ContainerMetadataMessage | undefined): ContainerMetadata {
  const { name = "", attempt = 0 } = metadata ?? {};
  return { name, attempt };
}
