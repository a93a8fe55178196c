import { jsonSafe } from "../messages/json-safe.js";
import {
  type PodSandbox,
  type PodSandboxMetadata,
  PodSandboxState,
  type PodSandboxStatusResponse,
} from "../proto.js";
import { dateOf } from "./time.js";
import { parseVerboseInfo, type VerboseInfo } from "./verbose-info.js";

/** `notready`: stopped, or the process that holds its namespaces has died. */
export type PodState = "ready" | "notready";

/** What names a pod: no two pods of a runtime are the same in all of it. */
export interface PodMetadata {
  /** As in the manifest, for one that kubelet has made. */
  readonly name: string;
  /** The pod's UID in Kubernetes, for one that kubelet has made. */
  readonly uid: string;
  /** The namespace in Kubernetes, for one that kubelet has made. */
  readonly namespace: string;
  /** How many sandboxes of this pod were made before it. */
  readonly attempt: number;
}

/** A pod as a list tells of it. */
export interface PodSummary {
  /** The whole ID: 64 hex digits with most runtimes. */
  readonly id: string;
  /** What names it. */
  readonly metadata: PodMetadata;
  /** Whether containers could be started in it when the list was made. */
  readonly state: PodState;
  /** When the runtime made it, to the millisecond. */
  readonly createdAt: Date;
  /** What it was labelled with; lists can be filtered by them. */
  readonly labels: Readonly<Record<string, string>>;
  /** What it was annotated with. Runtimes keep it and do not look at it, save for keys of their own. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The runtime handler; empty for the default one. */
  readonly handler: string;
  /** The message of the runtime, with all that CRI says. */
  readonly raw: PodSandbox;
}

/** A pod as its own status tells of it. */
export interface PodStatus extends Omit<PodSummary, "raw"> {
  /** The pod's addresses, the primary first; none in the host's network. */
  readonly ips: readonly string[];
  /** Empty unless asked for with `verbose`. */
  readonly info: VerboseInfo;
  /** The message of the runtime, with namespaces, containers' statuses and all else that CRI says. */
  readonly raw: PodSandboxStatusResponse;
}

export function toPodState(state: PodSandboxState): PodState {
  return state === PodSandboxState.SANDBOX_READY ? "ready" : "notready";
}

export const podStates: readonly PodState[] = ["ready", "notready"];

export function fromPodState(state: PodState): PodSandboxState {
  return state === "ready" ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
}

export function toPodSummary(raw: PodSandbox): PodSummary {
  const { id, labels, annotations } = raw;
  return jsonSafe({
    id,
    metadata: toPodMetadata(raw.metadata),
    state: toPodState(raw.state),
    createdAt: dateOf(raw.createdAt),
    labels,
    annotations,
    handler: raw.runtimeHandler,
    raw,
  });
}

export function toPodStatus(id: string, raw: PodSandboxStatusResponse, { verbose = false } = {}): PodStatus {
  const { status } = raw;
  const { ip = "", additionalIps = [] } = status?.network ?? {};
  return jsonSafe({
    id: status?.id || id,
    metadata: toPodMetadata(status?.metadata),
    state: toPodState(status?.state ?? PodSandboxState.SANDBOX_NOTREADY),
    createdAt: dateOf(status?.createdAt ?? 0n),
    labels: status?.labels ?? {},
    annotations: status?.annotations ?? {},
    handler: status?.runtimeHandler ?? "",
    ips: [ip, ...additionalIps.map((additional) => additional.ip)].filter((address) => address !== ""),
    info: verbose ? parseVerboseInfo(raw.info) : {}, // containerd 2.4 tells the keys unasked, without values.
    raw,
  });
}

export function toPodMetadata(metadata: PodSandboxMetadata | undefined): PodMetadata {
  const { name = "", uid = "", namespace = "", attempt = 0 } = metadata ?? {};
  return { name, uid, namespace, attempt };
}
