import { access } from "node:fs/promises";

import { create } from "@bufbuild/protobuf";

import { parseCidrs } from "../../cidr.js";
import {
  CgroupDriver,
  type RuntimeConfigResponse,
  RuntimeConfigResponseSchema,
  type UpdateRuntimeConfigRequest,
} from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";

/** Who makes control groups here: systemd where it runs. Pods with a parent of either style are served. */
export async function runtimeConfig(): Promise<RuntimeConfigResponse> {
  const cgroupDriver = await access("/run/systemd/system").then(
    () => CgroupDriver.SYSTEMD,
    () => CgroupDriver.CGROUPFS,
  );
  return create(RuntimeConfigResponseSchema, { linux: { cgroupDriver } });
}

/**
 * The pod addresses of a node are chosen by this runtime's own configuration: a proposal is only noted, as by
 * containerd without a template. A kubelet takes an error here for a runtime that is not well.
 */
export function updateRuntimeConfig({ log }: RuntimeDeps, request: UpdateRuntimeConfigRequest): void {
  const proposed = request.runtimeConfig?.networkConfig?.podCidr;
  if (!proposed) return;
  const podCidrs = parseCidrs(proposed, "runtime_config.network_config.pod_cidr");
  log.info("Pod addresses were proposed and are not used: see --subnet and --cni-conf-dir", { podCidrs });
}
