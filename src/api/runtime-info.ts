import { jsonSafe } from "../messages/json-safe.js";
import type { RuntimeFeatures, StatusResponse } from "../proto.js";
import type { RuntimeClient } from "../services/runtime-client.js";
import type { StatusOptions } from "./container-options.js";
import { parseVerboseInfo, type VerboseInfo } from "./verbose-info.js";

/** One thing that must hold for pods to run. */
export interface RuntimeCondition {
  /** `RuntimeReady`, `NetworkReady`, or one of the runtime's own. */
  readonly type: string;
  /** Whether it holds. */
  readonly status: boolean;
  /** CamelCase, where `status` is false. */
  readonly reason: string;
  /** The same as `reason` in a sentence of the runtime's. */
  readonly message: string;
}

/** One of the OCI runtimes that pods can be run with, and what it can do. */
export interface RuntimeHandlerInfo {
  /** Empty for the default handler. */
  readonly name: string;
  /** Mounts can be read-only with all that is mounted below. */
  readonly recursiveReadOnlyMounts: boolean;
  /** Pods can have a user namespace of their own. */
  readonly userNamespaces: boolean;
}

/** What a runtime says of its condition. */
export interface RuntimeInfo {
  /** The condition `RuntimeReady`: pods can be run. */
  readonly runtimeReady: boolean;
  /** The condition `NetworkReady`: pods with a network of their own can be run. */
  readonly networkReady: boolean;
  /** All conditions, those of other names too. */
  readonly conditions: readonly RuntimeCondition[];
  /** The handlers that it tells of; none on a runtime that is older than this field. */
  readonly handlers: readonly RuntimeHandlerInfo[];
  /** Undefined on a runtime that is older than this field. */
  readonly features: RuntimeFeatures | undefined;
  /** Empty unless asked for with `verbose`. */
  readonly info: VerboseInfo;
  /** The message of the runtime. */
  readonly raw: StatusResponse;
}

export async function readRuntimeInfo(runtime: RuntimeClient, options: StatusOptions): Promise<RuntimeInfo> {
  const { verbose = false, ...call } = options;
  const raw = await runtime.status({ verbose }, call);
  const conditions = (raw.status?.conditions ?? []).map(({ type, status, reason, message }) => ({
    type,
    status,
    reason,
    message,
  }));
  const holds = (type: string) => conditions.some((condition) => condition.type === type && condition.status);
  return jsonSafe({
    runtimeReady: holds("RuntimeReady"),
    networkReady: holds("NetworkReady"),
    conditions,
    handlers: raw.runtimeHandlers.map(({ name, features }) => ({
      name,
      recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
      userNamespaces: features?.userNamespaces ?? false,
    })),
    features: raw.features,
    info: verbose ? parseVerboseInfo(raw.info) : {},
    raw,
  });
}
