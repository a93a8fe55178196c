import { create } from "@bufbuild/protobuf";

import { CriError } from "../../errors.js";

import {
  ContainerState,
  type ContainerStats,
  ContainerStatsSchema,
  type PodSandboxStats,
  PodSandboxStatsSchema,
  type RuntimeService,
} from "../../proto.js";
import { listParts } from "../../streaming/list-parts.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { selectContainers } from "./containers.js";
import type { FakeDeps } from "./deps.js";
import { selectPods } from "./pods.js";
import type { FakeContainer, FakePod } from "./state.js";

/** A hundredth of a core, and a MiB. */
const nanoCores = 10_000_000n;
const memoryBytes = 1024n * 1024n;

/** The RPCs of usage: each running container takes the same, and no more. */
export function statsRpcs(deps: FakeDeps) {
  const { state } = deps;
  const ofContainers = (filter = {}) =>
    selectContainers(deps, filter).map((one) => containerStats(deps, one));
  const ofPods = (filter = {}) =>
    selectPods(deps, filter)
      .filter(({ isReady }) => isReady)
      .map((pod) => podStats(deps, pod));
  return {
    containerStats: ({ containerId }) => ({ stats: containerStats(deps, state.container(containerId)) }),
    listContainerStats: ({ filter }) => ({ stats: ofContainers(filter) }),
    async *streamContainerStats({ filter }) {
      for (const containerStats of listParts(ContainerStatsSchema, ofContainers(filter)))
        yield { containerStats };
    },
    podSandboxStats: ({ podSandboxId }) => ({ stats: podStats(deps, state.pod(podSandboxId)) }),
    listPodSandboxStats: ({ filter }) => ({ stats: ofPods(filter) }),
    async *streamPodSandboxStats({ filter }) {
      for (const podSandboxStats of listParts(PodSandboxStatsSchema, ofPods(filter)))
        yield { podSandboxStats };
    },
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}

function containerStats({ state }: FakeDeps, container: FakeContainer): ContainerStats {
  const { id, config } = container;
  const { metadata, labels, annotations } = config;
  return create(ContainerStatsSchema, {
    attributes: { id, labels, annotations, ...(metadata && { metadata }) },
    ...(isRunning(container) && usage(state.now(), [container])),
    writableLayer: { timestamp: state.now(), fsId: { mountpoint: "/fake" }, usedBytes: { value: 0n } },
  });
}

function podStats(deps: FakeDeps, { id, config, isReady }: FakePod): PodSandboxStats {
  if (!isReady) throw new CriError("failed_precondition", `Pod ${id} is not ready: it uses nothing any more`);
  const { metadata, labels, annotations } = config;
  const containers = deps.state.containersOf(id);
  const running = containers.filter(isRunning);
  return create(PodSandboxStatsSchema, {
    attributes: { id, labels, annotations, ...(metadata && { metadata }) },
    linux: {
      ...usage(deps.state.now(), running),
      process: { timestamp: deps.state.now(), processCount: { value: BigInt(running.length) } },
      containers: containers.map((container) => containerStats(deps, container)),
    },
  });
}

export function isRunning({ state }: FakeContainer): boolean {
  return state === ContainerState.CONTAINER_RUNNING;
}

export function usage(timestamp: bigint, running: readonly FakeContainer[]) {
  const ranNs = running.reduce((sum, { startedAt }) => sum + timestamp - startedAt, 0n);
  const count = BigInt(running.length);
  return {
    cpu: {
      timestamp,
      usageCoreNanoSeconds: { value: (ranNs * nanoCores) / 1_000_000_000n },
      usageNanoCores: { value: count * nanoCores },
    },
    memory: {
      timestamp,
      workingSetBytes: { value: count * memoryBytes },
      usageBytes: { value: count * memoryBytes },
    },
  };
}
