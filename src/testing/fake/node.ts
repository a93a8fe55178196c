import { parseCidrs } from "../../cidr.js";
import { CgroupDriver, type RuntimeService } from "../../proto.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import type { FakeDeps } from "./deps.js";

/** The RPCs about the runtime itself. `directory` is all that it has on the disk. */
export function nodeRpcs({ events }: FakeDeps, directory: string) {
  return {
    version: () => ({
      version: "0.1.0",
      runtimeName: "crikit-fake",
      runtimeVersion: "1.0.0",
      runtimeApiVersion: "v1",
    }),
    status: ({ verbose }) => ({
      status: {
        conditions: [
          { type: "RuntimeReady", status: true },
          { type: "NetworkReady", status: true },
        ],
      },
      runtimeHandlers: [{ name: "", features: { recursiveReadOnlyMounts: true, userNamespaces: true } }],
      ...(verbose && { info: { config: JSON.stringify({ stateDir: directory }) } }),
    }),
    runtimeConfig: () => ({ linux: { cgroupDriver: CgroupDriver.CGROUPFS } }),
    updateRuntimeConfig({ runtimeConfig }) {
      const proposed = runtimeConfig?.networkConfig?.podCidr;
      if (proposed) parseCidrs(proposed, "runtime_config.network_config.pod_cidr");
      return {};
    },
    getContainerEvents: (_request, { signal }) => events.subscribe(signal),
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}
