import type { DescService, MessageInitShape } from "@bufbuild/protobuf";
import type { ImageService, RuntimeService } from "../proto.js";

/**
 * The deadline of a call in milliseconds, 0 for none. `baseMs` is what the user has set in place of the
 * defaults here; what some RPCs add to it they add to that, too.
 */
export type DeadlineRule<Request> = (request: Request, baseMs?: number) => number;

/** A rule for every RPC of a service. */
export type Deadlines<Service extends DescService> = {
  [Rpc in keyof Service["method"]]: DeadlineRule<MessageInitShape<Service["method"][Rpc]["input"]>>;
};

/** Of what is answered from what the runtime knows, in milliseconds. */
export const readTimeoutMs = 10_000;

const read = (_request: unknown, baseMs = readTimeoutMs) => baseMs;

/** Waits for processes, networks, disks; kubelet's default. */
const change = (_request: unknown, baseMs = 120_000) => baseMs;

/** As long as it takes: ended by the caller's signal. */
const none = () => 0;

/** The rules of k8s.io/cri-client, where it has one. */
export const runtimeDeadlines: Deadlines<typeof RuntimeService> = {
  version: read,
  status: read,
  runtimeConfig: read,
  updateRuntimeConfig: change,

  runPodSandbox: (request, baseMs) => 2 * change(request, baseMs),
  stopPodSandbox: change,
  removePodSandbox: change,
  podSandboxStatus: read,
  listPodSandbox: read,
  streamPodSandboxes: none,
  updatePodSandboxResources: change,
  checkpointPod: change,
  restorePod: change,

  createContainer: change,
  startContainer: change,
  stopContainer: (request, baseMs) => withTime(change(request, baseMs), secondsToMs(request.timeout)),
  removeContainer: change,
  listContainers: read,
  streamContainers: none,
  containerStatus: read,
  updateContainerResources: change,
  reopenContainerLog: change,
  checkpointContainer: (request, baseMs) => atLeast(change(request, baseMs), secondsToMs(request.timeout)),

  execSync(request, baseMs) {
    const commandMs = secondsToMs(request.timeout);
    return commandMs === 0 ? 0 : withTime(change(request, baseMs), commandMs);
  },
  exec: read,
  attach: read,
  portForward: read,

  containerStats: read,
  listContainerStats: read,
  streamContainerStats: none,
  podSandboxStats: read,
  listPodSandboxStats: read,
  streamPodSandboxStats: none,
  getContainerEvents: none,
  listMetricDescriptors: read,
  listPodSandboxMetrics: read,
  streamPodSandboxMetrics: none,
};

export const imageDeadlines: Deadlines<typeof ImageService> = {
  listImages: read,
  streamImages: none,
  imageStatus: read,
  pullImage: none,
  removeImage: change,
  imageFsInfo: read,
};

/** No deadline stays none, whatever is added. */
function withTime(baseMs: number, moreMs: number): number {
  return baseMs === 0 ? 0 : baseMs + moreMs;
}

function atLeast(baseMs: number, ms: number): number {
  return baseMs === 0 ? 0 : Math.max(baseMs, ms);
}

/** CRI gives times in seconds; a negative one is the runtime's to refuse. */
function secondsToMs(seconds: bigint | undefined): number {
  return Math.max(0, Number(seconds ?? 0) * 1000);
}
