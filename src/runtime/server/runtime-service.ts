import type { RuntimeService } from "../../proto.js";
import type { StreamingServer } from "../../streaming/streaming-server.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { prepareAttach } from "../container/attach.js";
import { checkpointContainer } from "../container/checkpoint/checkpoint.js";
import { createContainer } from "../container/create.js";
import { prepareExec } from "../container/exec.js";
import { execSync } from "../container/exec-sync.js";
import { listContainers } from "../container/list.js";
import { removeContainer } from "../container/remove.js";
import { reopenContainerLog } from "../container/reopen-log.js";
import { startContainer } from "../container/start.js";
import { containerStats, listContainerStats } from "../container/stats.js";
import { containerStatus } from "../container/status.js";
import { stopContainer } from "../container/stop.js";
import { updateContainerResources } from "../container/update-resources.js";
import type { RuntimeDeps } from "../deps.js";
import { runtimeConfig, updateRuntimeConfig } from "../node/runtime-config.js";
import { status } from "../node/status.js";
import { version } from "../node/version.js";
import { checkpointPod } from "../sandbox/checkpoint.js";
import { containerEvents } from "../sandbox/events.js";
import { listPodSandboxes } from "../sandbox/list.js";
import { metricDescriptors } from "../sandbox/metrics/describe.js";
import { listPodSandboxMetrics } from "../sandbox/metrics/list.js";
import { preparePortForward } from "../sandbox/port-forward.js";
import { removePodSandbox } from "../sandbox/remove.js";
import { restorePod } from "../sandbox/restore.js";
import { runPodSandbox } from "../sandbox/run.js";
import { listPodSandboxStats, podSandboxStats } from "../sandbox/stats.js";
import { podSandboxStatus } from "../sandbox/status.js";
import { stopPodSandbox } from "../sandbox/stop.js";
import { updatePodSandboxResources } from "../sandbox/update-resources.js";
import { streamingLists } from "./streaming-lists.js";

/** The RuntimeService. */
export function createRuntimeService(
  deps: RuntimeDeps,
  streaming: StreamingServer,
): Rpcs<typeof RuntimeService> {
  return {
    ...streamingLists(deps),
    version,
    status: (request) => status(deps, request),
    runtimeConfig,
    async updateRuntimeConfig(request) {
      updateRuntimeConfig(deps, request);
      return {};
    },

    async runPodSandbox(request, { signal }) {
      return { podSandboxId: await runPodSandbox(deps, request, { signal }) };
    },
    async stopPodSandbox(request, { signal }) {
      await stopPodSandbox(deps, request, { signal });
      return {};
    },
    async removePodSandbox(request) {
      await removePodSandbox(deps, request);
      return {};
    },
    async updatePodSandboxResources(request) {
      await updatePodSandboxResources(deps, request);
      return {};
    },
    async checkpointPod(request, { signal, timeoutMs }) {
      await checkpointPod(deps, request, { signal, hasDeadline: timeoutMs() !== undefined });
      return {};
    },
    restorePod: (request, { signal, timeoutMs }) =>
      restorePod(deps, request, { signal, hasDeadline: timeoutMs() !== undefined }),
    podSandboxStatus: (request) => podSandboxStatus(deps, request),
    listPodSandbox: ({ filter }) => ({ items: listPodSandboxes(deps, filter) }),
    podSandboxStats: (request) => podSandboxStats(deps, request),
    listPodSandboxStats: async ({ filter }) => ({ stats: await listPodSandboxStats(deps, filter) }),

    async createContainer(request) {
      return { containerId: await createContainer(deps, request) };
    },
    async startContainer(request) {
      await startContainer(deps, request);
      return {};
    },
    async stopContainer(request, { signal }) {
      await stopContainer(deps, request, { signal });
      return {};
    },
    async removeContainer(request) {
      await removeContainer(deps, request);
      return {};
    },
    containerStatus: (request) => containerStatus(deps, request),
    listContainers: ({ filter }) => ({ containers: listContainers(deps, filter) }),
    containerStats: (request) => containerStats(deps, request),
    listContainerStats: async ({ filter }) => ({ stats: await listContainerStats(deps, filter) }),
    async updateContainerResources(request) {
      await updateContainerResources(deps, request);
      return {};
    },
    async checkpointContainer(request, { signal }) {
      await checkpointContainer(deps, request, { signal });
      return {};
    },
    async reopenContainerLog(request, { signal }) {
      await reopenContainerLog(deps, request, { signal });
      return {};
    },
    listMetricDescriptors: () => ({ descriptors: metricDescriptors(deps) }),
    listPodSandboxMetrics: async () => ({ podMetrics: await listPodSandboxMetrics(deps) }),
    getContainerEvents: (_request, { signal }) => containerEvents(deps, { signal }),
    execSync: (request, { signal }) => execSync(deps, request, { signal }),
    exec: (request) => ({ url: streaming.execUrl(prepareExec(deps, request)) }),
    attach: (request) => ({ url: streaming.attachUrl(prepareAttach(deps, request)) }),
    portForward: async (request) => ({
      url: streaming.portForwardUrl(await preparePortForward(deps, request)),
    }),
  };
}
