import {
  ContainerSchema,
  ContainerStatsSchema,
  PodSandboxMetricsSchema,
  PodSandboxSchema,
  PodSandboxStatsSchema,
  type RuntimeService,
} from "../../proto.js";
import { listParts } from "../../streaming/list-parts.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { listContainers } from "../container/list.js";
import { listContainerStats } from "../container/stats.js";
import type { RuntimeDeps } from "../deps.js";
import { listPodSandboxes } from "../sandbox/list.js";
import { listPodSandboxMetrics } from "../sandbox/metrics/list.js";
import { listPodSandboxStats } from "../sandbox/stats.js";

type StreamingLists = Pick<
  Rpcs<typeof RuntimeService>,
  | "streamPodSandboxes"
  | "streamContainers"
  | "streamPodSandboxStats"
  | "streamContainerStats"
  | "streamPodSandboxMetrics"
>;

/** The lists of the RuntimeService in as many messages as it takes: as things are when the call comes in. */
export function streamingLists(deps: RuntimeDeps): StreamingLists {
  return {
    async *streamPodSandboxes({ filter }) {
      for (const podSandboxes of listParts(PodSandboxSchema, listPodSandboxes(deps, filter))) {
        yield { podSandboxes };
      }
    },
    async *streamContainers({ filter }) {
      for (const containers of listParts(ContainerSchema, listContainers(deps, filter))) yield { containers };
    },
    async *streamPodSandboxStats({ filter }) {
      const stats = await listPodSandboxStats(deps, filter);
      for (const podSandboxStats of listParts(PodSandboxStatsSchema, stats)) yield { podSandboxStats };
    },
    async *streamContainerStats({ filter }) {
      const stats = await listContainerStats(deps, filter);
      for (const containerStats of listParts(ContainerStatsSchema, stats)) yield { containerStats };
    },
    async *streamPodSandboxMetrics() {
      const metrics = await listPodSandboxMetrics(deps);
      for (const podSandboxMetrics of listParts(PodSandboxMetricsSchema, metrics))
        yield { podSandboxMetrics };
    },
  };
}
