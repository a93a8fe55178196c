import { parseCidrs } from "../cidr.js";
import { jsonSafe } from "../messages/json-safe.js";
import { CgroupDriver, type RuntimeConfigResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { RuntimeClient } from "../services/runtime-client.js";

/** What a kubelet has to agree with. */
export interface RuntimeConfig {
  /** Who makes control groups; undefined where the runtime has none to speak of, as on Windows. */
  readonly cgroupDriver: "systemd" | "cgroupfs" | undefined;
  /** The message of the runtime. */
  readonly raw: RuntimeConfigResponse;
}

/** What a runtime can be told of its node. */
export interface RuntimeConfigUpdate {
  /** The node's pod addresses, for example `10.244.1.0/24`; for two families `10.244.1.0/24,fd00:10:244::/64`. */
  podCidr: string;
}

export async function readRuntimeConfig(
  runtime: RuntimeClient,
  options: CallOptions,
): Promise<RuntimeConfig> {
  const raw = await runtime.runtimeConfig({}, options);
  return jsonSafe({ cgroupDriver: raw.linux && driverNames[raw.linux.cgroupDriver], raw });
}

export async function updateRuntimeConfig(
  runtime: RuntimeClient,
  update: RuntimeConfigUpdate,
  options: CallOptions,
): Promise<void> {
  const podCidr = parseCidrs(update.podCidr, "podCidr").join(",");
  await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } }, options);
}

const driverNames: Record<CgroupDriver, RuntimeConfig["cgroupDriver"]> = {
  [CgroupDriver.SYSTEMD]: "systemd",
  [CgroupDriver.CGROUPFS]: "cgroupfs",
};
