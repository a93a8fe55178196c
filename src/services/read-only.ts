import type { DescService } from "@bufbuild/protobuf";
import type { ImageService, RuntimeService } from "../proto.js";

/** For every RPC of a service, whether it changes nothing: such a call can be made again when its answer is lost. */
export type ReadOnly<Service extends DescService> = { [Rpc in keyof Service["method"]]: boolean };

export const runtimeReadOnly: ReadOnly<typeof RuntimeService> = {
  version: true,
  status: true,
  runtimeConfig: true,
  updateRuntimeConfig: false,

  runPodSandbox: false,
  stopPodSandbox: false,
  removePodSandbox: false,
  podSandboxStatus: true,
  listPodSandbox: true,
  streamPodSandboxes: true,
  updatePodSandboxResources: false,
  checkpointPod: false,
  restorePod: false,

  createContainer: false,
  startContainer: false,
  stopContainer: false,
  removeContainer: false,
  listContainers: true,
  streamContainers: true,
  containerStatus: true,
  updateContainerResources: false,
  reopenContainerLog: false,
  checkpointContainer: false,

  execSync: false,
  // They change nothing yet, but leave a token with the runtime that only their answer names.
  exec: false,
  attach: false,
  portForward: false,

  containerStats: true,
  listContainerStats: true,
  streamContainerStats: true,
  podSandboxStats: true,
  listPodSandboxStats: true,
  streamPodSandboxStats: true,
  // What happened between two of these calls, nobody would learn of.
  getContainerEvents: false,
  listMetricDescriptors: true,
  listPodSandboxMetrics: true,
  streamPodSandboxMetrics: true,
};

export const imageReadOnly: ReadOnly<typeof ImageService> = {
  listImages: true,
  streamImages: true,
  imageStatus: true,
  pullImage: false,
  removeImage: false,
  imageFsInfo: true,
};
