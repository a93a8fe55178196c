import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../errors.js";
import {
  type ContainerConfig as ContainerConfigMessage,
  ContainerConfigSchema,
  ContainerMetadataSchema,
  LinuxContainerConfigSchema,
  LinuxContainerSecurityContextSchema,
  type Mount,
  type MountSchema,
  type PodSandboxConfig,
} from "../proto.js";
import type { ContainerConfig, MountConfig } from "./config.js";
import { containerLogPath } from "./log-paths.js";

/** The whole configuration that CRI wants, out of what the caller has said and the pod's. */
export function completeContainerConfig(
  config: ContainerConfig,
  sandbox: PodSandboxConfig,
): ContainerConfigMessage {
  const { metadata, envs = [], mounts = [], ...rest } = config;
  if (!metadata?.name) throw missing("config.metadata.name", "a container needs a name");
  if (!rest.image?.image) throw missing("config.image.image", "name the image that the container runs");
  // A clone, so that nothing of the caller's own objects is changed.
  const message = clone(
    ContainerConfigSchema,
    create(ContainerConfigSchema, {
      ...rest,
      envs: envs.map(({ key, value }) => ({
        key,
        value: typeof value === "string" ? new TextEncoder().encode(value) : value,
      })),
      mounts: mounts.map(completeMount),
    }),
  );
  // As kubelet tells it. Annotations and metrics of runtimes name the image so.
  if (message.image) message.image.userSpecifiedImage ||= message.image.image;
  const identity = create(ContainerMetadataSchema, { name: metadata.name, attempt: metadata.attempt ?? 0 });
  message.metadata = identity;
  message.logPath ||= containerLogPath(identity.name, identity.attempt);
  message.linux ??= create(LinuxContainerConfigSchema);
  message.linux.securityContext ??= create(LinuxContainerSecurityContextSchema);
  // Runtimes read the namespaces from each container again, where CRI's zero value means the pod's own PID
  // namespace; so the pod's choice is repeated, as kubelet does.
  const chosen = sandbox.linux?.securityContext?.namespaceOptions;
  if (chosen) message.linux.securityContext.namespaceOptions ??= chosen;
  // Nothing else could be chosen: all of a pod is in one user namespace.
  const own = message.linux.securityContext.namespaceOptions;
  if (own && chosen?.usernsOptions) own.usernsOptions ??= chosen.usernsOptions;
  return message;
}

/** Images are mounted by name, and read-only. */
function completeMount(mount: MountConfig | Mount): MessageInitShape<typeof MountSchema> {
  if (mount.$typeName !== undefined) return mount;
  const { image, ...rest } = mount;
  if (image === undefined) return rest;
  return {
    readonly: true,
    ...rest,
    image: typeof image === "string" ? { image, userSpecifiedImage: image } : image,
  };
}

function missing(field: string, mend: string): InvalidArgumentError {
  return new InvalidArgumentError(`${field} is missing: ${mend}`, { field });
}
