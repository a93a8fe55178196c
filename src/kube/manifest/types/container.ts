import type { OneOf, Quantity } from "./common.js";
import type { EnvFromSource, EnvVar } from "./env.js";
import type { Lifecycle, Probe } from "./probe.js";
import type { SecurityContext } from "./security.js";
import type { VolumeMount } from "./volume.js";

/** A container, init container or sidecar of a pod. */
export interface ContainerManifest {
  name: string;
  /** Required. */
  image?: string | undefined;
  /** In place of the image's entrypoint; `$(NAME)` stands for a variable of `env`. */
  command?: string[] | undefined;
  args?: string[] | undefined;
  workingDir?: string | undefined;
  ports?: ContainerPort[] | undefined;
  env?: EnvVar[] | undefined;
  envFrom?: EnvFromSource[] | undefined;
  resources?: ResourceRequirements | undefined;
  volumeMounts?: VolumeMount[] | undefined;
  livenessProbe?: Probe | undefined;
  readinessProbe?: Probe | undefined;
  startupProbe?: Probe | undefined;
  lifecycle?: Lifecycle | undefined;
  /** `Always` for the tag `latest`, which is also that of a name without one; else `IfNotPresent`. */
  imagePullPolicy?: OneOf<"Always" | "IfNotPresent" | "Never"> | undefined;
  securityContext?: SecurityContext | undefined;
  /** A file whose text tells why the container has ended; `/dev/termination-log` unless told. */
  terminationMessagePath?: string | undefined;
  terminationMessagePolicy?: OneOf<"File" | "FallbackToLogsOnError"> | undefined;
  stdin?: boolean | undefined;
  stdinOnce?: boolean | undefined;
  tty?: boolean | undefined;
  /** Of an init container only: `Always` makes it a sidecar. */
  restartPolicy?: OneOf<"Always"> | undefined;
}

/** A port of a container, and the host's port that leads to it. */
export interface ContainerPort {
  containerPort: number;
  name?: string | undefined;
  /** `TCP` unless told. */
  protocol?: OneOf<"TCP" | "UDP" | "SCTP"> | undefined;
  /** The port of the host that leads here. */
  hostPort?: number | undefined;
  hostIP?: string | undefined;
}

/** Resources: `cpu`, `memory` and `hugepages-SIZE`. */
export interface ResourceRequirements {
  requests?: { [resource: string]: Quantity } | undefined;
  limits?: { [resource: string]: Quantity } | undefined;
}
