import { create } from "@bufbuild/protobuf";

import { type StatusRequest, type StatusResponse, StatusResponseSchema } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";

/** Whether pods can be run, what each handler can do, and with `verbose` the configuration. */
export async function status(deps: RuntimeDeps, request: StatusRequest): Promise<StatusResponse> {
  const network = await deps.cni.status();
  return create(StatusResponseSchema, {
    status: {
      conditions: [
        { type: "RuntimeReady", status: true },
        {
          type: "NetworkReady",
          status: network.ready,
          reason: network.reason ?? "",
          message: network.message ?? "",
        },
      ],
    },
    runtimeHandlers: [...deps.handlers].map(([name, { features }]) => ({ name, features })),
    features: { supplementalGroupsPolicy: true, mountOptions: true },
    ...(request.verbose && { info: { config: JSON.stringify(shownConfig(deps)) } }),
  });
}

/** Tools look for `stateDir`, as containerd's configuration spells it. */
function shownConfig({ config, host, cgroups }: RuntimeDeps): Record<string, unknown> {
  const { root, state, ...rest } = config;
  return { rootDir: root, stateDir: state, ...rest, cgroupVersion: cgroups.version, host };
}
