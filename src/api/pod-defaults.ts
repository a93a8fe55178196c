import { clone, create } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../errors.js";
import {
  LinuxPodSandboxConfigSchema,
  LinuxSandboxSecurityContextSchema,
  NamespaceMode,
  type NamespaceOption,
  NamespaceOptionSchema,
  type PodSandboxConfig,
  PodSandboxConfigSchema,
  PodSandboxMetadataSchema,
  type PodSandboxStatus,
} from "../proto.js";
import type { PodConfig } from "./config.js";
import { podLogDirectory } from "./log-paths.js";

/** The whole configuration that CRI wants, out of what the caller has said. */
export function completePodConfig(config: PodConfig, logRoot: string): PodSandboxConfig {
  const { metadata, ...rest } = config;
  if (!metadata?.name) {
    const field = "config.metadata.name";
    throw new InvalidArgumentError(`${field} is missing: a pod needs a name`, { field });
  }
  // A clone, so that nothing of the caller's own objects is changed.
  const message = clone(PodSandboxConfigSchema, create(PodSandboxConfigSchema, { ...rest }));
  const identity = create(PodSandboxMetadataSchema, {
    name: metadata.name,
    uid: metadata.uid || crypto.randomUUID(),
    namespace: metadata.namespace || "default",
    attempt: metadata.attempt ?? 0,
  });
  message.metadata = identity;
  message.logDirectory ||= podLogDirectory(logRoot, identity);
  message.linux ??= create(LinuxPodSandboxConfigSchema);
  message.linux.securityContext ??= create(LinuxSandboxSecurityContextSchema);
  message.linux.securityContext.namespaceOptions ??= kubeletNamespaces();
  return message;
}

/** CRI's zero value would put all processes of a pod into one PID namespace; kubelet asks for one each. */
function kubeletNamespaces(): NamespaceOption {
  return create(NamespaceOptionSchema, {
    network: NamespaceMode.POD,
    ipc: NamespaceMode.POD,
    pid: NamespaceMode.CONTAINER,
  });
}

/**
 * What can be known of a pod's configuration from outside. CRI wants it again with each container, and of it
 * runtimes use the log directory, for which kubelet's name is taken.
 */
export function rebuildPodConfig(status: PodSandboxStatus, logRoot: string): PodSandboxConfig {
  const { metadata, labels, annotations, linux } = status;
  return create(PodSandboxConfigSchema, {
    ...(metadata ? { metadata, logDirectory: podLogDirectory(logRoot, metadata) } : {}),
    labels,
    annotations,
    linux: { securityContext: { namespaceOptions: linux?.namespaces?.options ?? kubeletNamespaces() } },
  });
}
