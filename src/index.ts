/**
 * A client for runtimes that serve the Kubernetes Container Runtime Interface.
 *
 * @example
 * ```ts
 * import { connect } from "crikit";
 *
 * await using cri = await connect();
 * await cri.images.ensure("registry.k8s.io/pause:3.10");
 * await using pod = await cri.pods.run({ metadata: { name: "demo" } });
 * await using web = await pod.runContainer({ metadata: { name: "web" }, image: { image: "nginx" } });
 * for await (const line of web.logs({ follow: true })) if (line.text.includes("ready")) break;
 * ```
 *
 * @module
 */

export type { CheckpointOptions, PodCheckpointOptions } from "./api/checkpoint.js";
export type { CriClient } from "./api/client.js";
export type { ContainerConfig, MountConfig, PodConfig } from "./api/config.js";
// For everyone.
export { type ConnectOptions, connect } from "./api/connect.js";
export type {
  Container,
  ListedContainer,
  OwnedContainer,
} from "./api/container.js";
export type { StatusOptions, StopOptions } from "./api/container-options.js";
export type {
  ContainerMetadata,
  ContainerState,
  ContainerStatus,
  ContainerSummary,
} from "./api/container-status.js";
export type { Containers } from "./api/containers.js";
export type { ContainerEvent, ContainerEventType } from "./api/events.js";
export type { ExecOptions, ExecResult } from "./api/exec-options.js";
export type { FilesystemUsage, ImageFsInfo } from "./api/images/fs-info.js";
export type { Image } from "./api/images/image.js";
export type { PullProgress } from "./api/images/progress.js";
export type { PrunedImages, PruneOptions } from "./api/images/prune.js";
export type {
  EnsuredImage,
  EnsureOptions,
  PulledImage,
  PullOptions,
  PullPolicy,
} from "./api/images/pull-options.js";
export type { Images } from "./api/images.js";
export type { ObjectChange } from "./api/known-objects.js";
export type { KubernetesResources } from "./api/kubernetes-resources.js";
export type { LabelFilter, TextFilter } from "./api/lists/conditions.js";
export type { ContainerFilter } from "./api/lists/container-filter.js";
export type { ImageFilter } from "./api/lists/image-filter.js";
export type { ContainerListFilter } from "./api/lists/list-containers.js";
export type { PodListFilter } from "./api/lists/list-pods.js";
export type { ListOrder, ListSlice } from "./api/lists/order.js";
export type { PodFilter } from "./api/lists/pod-filter.js";
export type { LogOptions } from "./api/log-options.js";
export type { MetricFamily, MetricKind, MetricSample } from "./api/metrics/metric-family.js";
export type { Metrics, MetricsOptions } from "./api/metrics/metrics.js";
export type { PrometheusOptions } from "./api/metrics/prometheus-text.js";
export type {
  CreateContainerOptions,
  ListedPod,
  OwnedPod,
  Pod,
  PodResourceUpdate,
} from "./api/pod.js";
export type { PodMetadata, PodState, PodStatus, PodSummary } from "./api/pod-status.js";
export type { Pods } from "./api/pods.js";
export type { ForwardOptions, PortForward } from "./api/port-forward.js";
export type { Resources, ResourceUpdate } from "./api/resources.js";
export type { RestorePodOptions } from "./api/restore-pod.js";
export type { RunPodOptions } from "./api/run-pod.js";
export type { RuntimeConfig, RuntimeConfigUpdate } from "./api/runtime-config.js";
export type { RuntimeCondition, RuntimeHandlerInfo, RuntimeInfo } from "./api/runtime-info.js";
export type { AttachOptions, SpawnOptions } from "./api/spawn.js";
export type { ContainerStats } from "./api/stats/container-stats.js";
export type { CpuUsage } from "./api/stats/cpu-usage.js";
export type { MemoryUsage, SwapUsage } from "./api/stats/memory-usage.js";
export type { InterfaceUsage, NetworkUsage } from "./api/stats/network-usage.js";
export type { PodStats } from "./api/stats/pod-stats.js";
export type { StatsOptions } from "./api/stats/stats-options.js";
export type { StatsSample, StatsStreamOptions } from "./api/stats/watch-stats.js";
export type { VerboseInfo } from "./api/verbose-info.js";
export type { ContainerExit } from "./api/wait.js";
export type { WatchEvent, WatchOptions, WatchSynced } from "./api/watch.js";
export type { WatchChange, WatchFilters } from "./api/watch-view.js";
export type { RegistryCredentials } from "./credentials/credentials.js";
export { findCredentials } from "./credentials/find-credentials.js";
export type { CredentialProvider, CredentialSource } from "./credentials/look-up.js";
export {
  type ConnectionDiagnostics,
  diagnosticsChannels,
  type LogDiagnostics,
  type OperationDiagnostics,
  type RetryDiagnostics,
  type RpcDiagnostics,
  type SessionDiagnostics,
} from "./diagnostics/channels.js";
export type {
  OpenTelemetryApi,
  OtelAttributes,
  OtelContext,
  OtelSpan,
} from "./diagnostics/open-telemetry.js";
export {
  CriError,
  type CriErrorCode,
  type CriErrorOptions,
  type CriReason,
  criReasons,
  DeadlineError,
  type EndpointAttempt,
  ImagePullError,
  InvalidArgumentError,
  NameReservedError,
  NoEndpointError,
  NonZeroExitError,
  NoPermissionError,
  NotFoundError,
  NotRunningError,
  StaleSocketError,
  UnavailableError,
  UnsupportedError,
} from "./errors.js";
export { type ImageRef, parseImageRef } from "./image-ref.js";
export type { LogStream } from "./logs/head-reader.js";
export type { LogChunk } from "./logs/log-chunk.js";
export type { LogLine, RawLogLine } from "./logs/log-line.js";
export type { CallOptions } from "./services/call-options.js";
export type { Capabilities } from "./services/capabilities.js";

// For programs that call RPCs themselves, and for libraries on top.
export { createImageClient, type ImageClient } from "./services/image-client.js";
export { createRuntimeClient, type RuntimeClient } from "./services/runtime-client.js";
export type { ServiceClient, ServiceOptions } from "./services/service-client.js";
export type { StreamingOptions } from "./sessions/open-session.js";
export type { Session, SessionExit } from "./sessions/session.js";
export { type Connection, type ConnectionOptions, openConnection } from "./transport/connection.js";
export { type Endpoint, parseEndpoint } from "./transport/endpoint.js";
export type { TerminalSize } from "./wire/channels.js";
