import type { HandlerConfig, RuntimeConfig } from "../../../src/runtime/index.js";
import { leftOut } from "../../left-out.js";
import { gvisor } from "../../support/gvisor.js";

const features = { recursiveReadOnlyMounts: false, userNamespaces: false };

function only(name: string, handler: HandlerConfig): Partial<RuntimeConfig> {
  return { handlers: { [name]: handler }, defaultHandler: name };
}

/** The OCI runtimes that the life cycle is tried with, each with its part of the configuration. */
export const testedHandlers: readonly { handler: string; config: Partial<RuntimeConfig> }[] = [
  { handler: "runc", config: {} },
  ...(leftOut.crun ? [] : [{ handler: "crun", config: only("crun", { path: "crun", args: [], features }) }]),
  ...(leftOut.runsc ? [] : [{ handler: "gvisor", config: only("gvisor", { ...gvisor, features }) }]),
];
