/**
 * crikit/kube: plays a Kubernetes Pod manifest on a CRI runtime, without a cluster.
 *
 * @module
 */

export { ManifestError, type ManifestProblem } from "../errors.js";
export type { Manifest, ManifestObjects } from "./manifest/read-manifest.js";
export type { ObjectMetadata, OneOf, PortRef, Quantity } from "./manifest/types/common.js";
export type { ConfigMapManifest, SecretManifest } from "./manifest/types/config-objects.js";
export type { ContainerManifest, ContainerPort, ResourceRequirements } from "./manifest/types/container.js";
export type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  KeyRef,
  ObjectFieldRef,
  ObjectRef,
  ResourceFieldRef,
} from "./manifest/types/env.js";
export type { HostAlias, PodDnsConfig, PodManifest, PodSpec } from "./manifest/types/pod.js";
export type {
  ExecAction,
  HttpGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
} from "./manifest/types/probe.js";
export type {
  PodSecurityContext,
  SELinuxOptions,
  SecurityContext,
  SecurityProfileManifest,
} from "./manifest/types/security.js";
export type {
  ConfigMapVolume,
  DownwardApiFile,
  DownwardApiVolume,
  EmptyDirVolume,
  HostPathVolume,
  ImageVolume,
  KeyToPath,
  ProjectedSource,
  ProjectedVolume,
  SecretVolume,
  VolumeManifest,
  VolumeMount,
} from "./manifest/types/volume.js";
export { type PlayPodOptions, playPod } from "./play-pod.js";
export type { PlayedPod, StopPodOptions } from "./played-pod.js";
export type {
  ContainerEnd,
  PlayedContainerStatus,
  PlayedPodStatus,
  PodChange,
  PodPhase,
} from "./status.js";
export type { PullPolicy } from "./supervise/obtain-image.js";
export type { PodEnd } from "./supervise/pod-run.js";
export type { RestartBackoffOptions } from "./supervise/restart-backoff.js";
export type { UserRange } from "./translate/user-range.js";
