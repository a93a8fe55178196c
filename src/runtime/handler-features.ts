import type { HostFacts } from "./adapters/host/host-facts.js";
import type { OciFeatures } from "./adapters/runc/features.js";
import type { HandlerConfig } from "./config.js";

/** What pods of a handler can have: what its program and this host can do, or what the configuration says. */
export interface HandlerFeatures {
  recursiveReadOnlyMounts: boolean;
  /** Pods with a user namespace. */
  userNamespaces: boolean;
  /** Volumes whose IDs are mapped in such pods. */
  idmappedVolumes: boolean;
}

export function handlerFeatures(
  program: OciFeatures,
  { userNamespaces, mountAttributes }: Pick<HostFacts, "userNamespaces" | "mountAttributes">,
  told: HandlerConfig["features"] = {},
): HandlerFeatures {
  return {
    recursiveReadOnlyMounts:
      told.recursiveReadOnlyMounts ?? (program.recursiveReadOnlyMounts && mountAttributes),
    userNamespaces: told.userNamespaces ?? (program.userNamespaces && userNamespaces),
    idmappedVolumes: told.userNamespaces ?? (program.idmappedMounts && mountAttributes),
  };
}
