import { create } from "@bufbuild/protobuf";

import {
  type Metric,
  MetricSchema,
  MetricType,
  type PodSandboxMetrics,
  PodSandboxMetricsSchema,
  type RuntimeService,
} from "../../proto.js";
import { listParts } from "../../streaming/list-parts.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import type { FakeDeps } from "./deps.js";
import { selectPods } from "./pods.js";
import type { FakeContainer, FakePod } from "./state.js";
import { isRunning, usage } from "./stats.js";

const labelKeys = ["id", "image", "namespace", "pod", "container"];

const descriptors = [
  { name: "container_cpu_usage_seconds_total", help: "Processor time used so far, in whole seconds." },
  { name: "container_memory_usage_bytes", help: "Memory in use." },
  { name: "container_memory_working_set_bytes", help: "Memory in use." },
  { name: "container_start_time_seconds", help: "When the container was started, in seconds since 1970." },
].map((descriptor) => ({ ...descriptor, labelKeys }));

/** The RPCs of metrics: the same figures as the stats. */
export function metricsRpcs(deps: FakeDeps) {
  const metrics = () => selectPods(deps).flatMap((pod) => (pod.isReady ? podMetrics(deps, pod) : []));
  return {
    listMetricDescriptors: () => ({ descriptors }),
    listPodSandboxMetrics: () => ({ podMetrics: metrics() }),
    async *streamPodSandboxMetrics() {
      for (const podSandboxMetrics of listParts(PodSandboxMetricsSchema, metrics()))
        yield { podSandboxMetrics };
    },
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}

function podMetrics(deps: FakeDeps, pod: FakePod): PodSandboxMetrics {
  const running = deps.state.containersOf(pod.id).filter(isRunning);
  return create(PodSandboxMetricsSchema, {
    podSandboxId: pod.id,
    containerMetrics: running.map((container) => ({
      containerId: container.id,
      metrics: containerMetrics(deps.state.now(), pod, container),
    })),
  });
}

function containerMetrics(timestamp: bigint, { config: pod }: FakePod, container: FakeContainer): Metric[] {
  const { id, config, startedAt } = container;
  const { cpu, memory } = usage(timestamp, [container]);
  const { name = "", namespace = "" } = pod.metadata ?? {};
  const labelValues = [id, config.image?.image ?? "", namespace, name, config.metadata?.name ?? ""];
  const values: Record<string, bigint> = {
    container_cpu_usage_seconds_total: cpu.usageCoreNanoSeconds.value / 1_000_000_000n,
    container_memory_usage_bytes: memory.usageBytes.value,
    container_memory_working_set_bytes: memory.workingSetBytes.value,
    container_start_time_seconds: startedAt / 1_000_000_000n,
  };
  return Object.entries(values).map(([name, value]) => {
    const metricType = name.endsWith("_total") ? MetricType.COUNTER : MetricType.GAUGE;
    return create(MetricSchema, { name, timestamp, metricType, labelValues, value: { value } });
  });
}
