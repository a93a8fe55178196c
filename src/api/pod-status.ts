import { jsonSafe } from "../messages/json.js";
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

export interface PodMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

/** A pod as a list tells of it. */
export interface PodSummary {
  readonly id: string;
  readonly metadata: PodMetadata;
  readonly state: PodState;
  readonly createdAt: Date;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The runtime handler; empty for the default one. */
  readonly handler: string;
  readonly raw: PodSandbox;
}

export interface PodStatus extends Omit<PodSummary, "raw"> {
  /** The pod's addresses, the primary first; none in the host's network. */
  readonly ips: readonly string[];
  /** Empty unless asked for with `verbose`. */
  readonly info: VerboseInfo;
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

export function toPodStatus(id: string, raw: PodSandboxStatusResponse): PodStatus {
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
    info: parseVerboseInfo(raw.info),
    raw,
  });
}

export function toPodMetadata(metadata: PodSandboxMetadata | undefined): PodMetadata {
  const { name = "", uid = "", namespace = "", attempt = 0 } = metadata ?? {};
  return { name, uid, namespace, attempt };
}
