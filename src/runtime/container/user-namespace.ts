import { InvalidArgumentError } from "../../errors.js";
import type { ContainerConfig } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { requireHandler } from "../lifecycle/oci-container.js";
import { checkContainerUserNamespace } from "../spec/user-namespace.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

/** Refuses, before anything is made, what cannot be had of users other than the node's. */
export async function checkUserNamespace(
  deps: RuntimeDeps,
  config: ContainerConfig,
  sandbox: SandboxRecord,
): Promise<void> {
  checkContainerUserNamespace(config.linux?.securityContext?.namespaceOptions, sandbox.userns);
  const index = config.mounts.findIndex((mount) => !mount.image && mount.uidMappings.length > 0);
  if (index < 0) return;
  const { name, path, features } = requireHandler(deps, sandbox.handler);
  if ((await features()).idmappedVolumes) return;
  const field = `config.mounts[${index}].uidMappings`;
  throw new InvalidArgumentError(
    `${field} is set, and the handler ${name} (${path}) cannot map the IDs of a volume: that takes runc 1.2 or later, on Linux 5.12 or later`,
    { field },
  );
}
