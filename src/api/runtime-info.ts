import { jsonSafe } from "../messages/json.js";
import type { RuntimeFeatures, StatusResponse } from "../proto.js";
import type { RuntimeClient } from "../services/runtime-client.js";
import type { StatusOptions } from "./container.js";
import { parseVerboseInfo, type VerboseInfo } from "./verbose-info.js";

export interface RuntimeCondition {
  readonly type: string;
  readonly status: boolean;
  /** CamelCase, where `status` is false. */
  readonly reason: string;
  readonly message: string;
}

export interface RuntimeHandlerInfo {
  /** Empty for the default handler. */
  readonly name: string;
  readonly recursiveReadOnlyMounts: boolean;
  readonly userNamespaces: boolean;
}

export interface RuntimeInfo {
  /** The condition `RuntimeReady`: pods can be run. */
  readonly runtimeReady: boolean;
  /** The condition `NetworkReady`: pods with a network of their own can be run. */
  readonly networkReady: boolean;
  readonly conditions: readonly RuntimeCondition[];
  readonly handlers: readonly RuntimeHandlerInfo[];
  /** Undefined on a runtime that is older than this field. */
  readonly features: RuntimeFeatures | undefined;
  /** Empty unless asked for with `verbose`. */
  readonly info: VerboseInfo;
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
    info: parseVerboseInfo(raw.info),
    raw,
  });
}
