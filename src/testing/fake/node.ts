import type { ServiceImpl } from "@connectrpc/connect";

import { CgroupDriver, type RuntimeService } from "../../proto.js";
import type { FakeDeps } from "./deps.js";

/** The RPCs about the runtime itself. */
export function nodeRpcs({ events }: FakeDeps) {
  return {
    version: () => ({
      version: "0.1.0",
      runtimeName: "crikit-fake",
      runtimeVersion: "1.0.0",
      runtimeApiVersion: "v1",
    }),
    status: () => ({
      status: {
        conditions: [
          { type: "RuntimeReady", status: true },
          { type: "NetworkReady", status: true },
        ],
      },
      runtimeHandlers: [{ name: "" }],
    }),
    runtimeConfig: () => ({ linux: { cgroupDriver: CgroupDriver.CGROUPFS } }),
    updateRuntimeConfig: () => ({}),
    getContainerEvents: (_request, { signal }) => events.subscribe(signal),
  } satisfies Partial<ServiceImpl<typeof RuntimeService>>;
}
