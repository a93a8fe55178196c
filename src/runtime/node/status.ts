import { create } from "@bufbuild/protobuf";

import { type StatusRequest, type StatusResponse, StatusResponseSchema } from "../../proto.js";
import type { Handler, RuntimeDeps } from "../deps.js";

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
    runtimeHandlers: await Promise.all([...deps.handlers].map(describeHandler)),
    features: { supplementalGroupsPolicy: true, mountOptions: true },
    ...(request.verbose && { info: { config: JSON.stringify(await shownConfig(deps)) } }),
  });
}

/** Kubelet asks for a user namespace only together with mapped volumes: a handler that lacks these has neither. */
async function describeHandler([name, handler]: [string, Handler]) {
  const { recursiveReadOnlyMounts, userNamespaces, idmappedVolumes } = await handler.features();
  return { name, features: { recursiveReadOnlyMounts, userNamespaces: userNamespaces && idmappedVolumes } };
}

/** Tools look for `stateDir`, as containerd's configuration spells it. */
async function shownConfig({ config, host, cgroups, overlay, paths }: RuntimeDeps): Promise<object> {
  const { root, state, ...rest } = config;
  const ownerMapping = await overlay.ownerMapping(paths.layers);
  return { rootDir: root, stateDir: state, ...rest, cgroupVersion: cgroups.version, ownerMapping, host };
}
