import { access } from "node:fs/promises";

import { create } from "@bufbuild/protobuf";

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

/** The pod addresses of a node are chosen by this runtime's own configuration: a proposal is only noted. */
export function updateRuntimeConfig({ log }: RuntimeDeps, request: UpdateRuntimeConfigRequest): void {
  const podCidr = request.runtimeConfig?.networkConfig?.podCidr;
  if (podCidr)
    log.info("A pod CIDR was proposed and is not used: see --subnet and --cni-conf-dir", { podCidr });
}
