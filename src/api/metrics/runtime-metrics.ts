import {
  type Metric,
  type MetricDescriptor,
  MetricType,
  type PodSandboxMetrics,
  type StreamPodSandboxMetricsResponse,
} from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import { isUnsupported } from "../../services/capabilities.js";
import type { ListRpcs } from "../../services/list.js";
import type { ApiContext } from "../context.js";
import { toDate } from "../time.js";
import type { MetricFamily, MetricSample } from "./metric-family.js";

export interface RuntimeMetrics {
  readonly families: readonly MetricFamily[];
  /** The names of all metrics that the runtime may tell, whether it has a value now or not. */
  readonly described: ReadonlySet<string>;
  readonly unreadable: number;
}

/** What the runtime tells by the RPCs of metrics; nothing where it has none. */
export async function readRuntimeMetrics(
  context: ApiContext,
  call: CallOptions,
): Promise<RuntimeMetrics | undefined> {
  try {
    const { descriptors } = await context.runtime.listMetricDescriptors({}, call);
    return toFamilies(descriptors, await context.lists.read(metricsRpcs(context), call));
  } catch (error) {
    if (isUnsupported(error)) return undefined;
    throw error;
  }
}

function metricsRpcs({ runtime }: ApiContext): ListRpcs<StreamPodSandboxMetricsResponse, PodSandboxMetrics> {
  return {
    name: "streamPodSandboxMetrics",
    stream: (options) => runtime.streamPodSandboxMetrics({}, options),
    itemsOf: ({ podSandboxMetrics }) => podSandboxMetrics,
    unary: async (options) => (await runtime.listPodSandboxMetrics({}, options)).podMetrics,
  };
}

function toFamilies(
  descriptors: readonly MetricDescriptor[],
  pods: readonly PodSandboxMetrics[],
): RuntimeMetrics {
  const known = new Map(descriptors.map((descriptor) => [descriptor.name, descriptor]));
  const families = new Map<string, MetricFamily & { samples: MetricSample[] }>();
  let unreadable = 0;
  for (const metric of pods.flatMap(allMetrics)) {
    const descriptor = known.get(metric.name);
    if (!metric.value || descriptor?.labelKeys.length !== metric.labelValues.length) {
      unreadable += 1;
      continue;
    }
    const { name, help, labelKeys } = descriptor;
    const type = metric.metricType === MetricType.COUNTER ? "counter" : "gauge";
    const family = families.get(name) ?? { name, help, type, samples: [] };
    families.set(name, family);
    family.samples.push({
      labels: Object.fromEntries(labelKeys.map((key, index) => [key, metric.labelValues[index] ?? ""])),
      value: Number(metric.value.value),
      measuredAt: toDate(metric.timestamp),
    });
  }
  return { families: [...families.values()], described: new Set(known.keys()), unreadable };
}

function allMetrics({ metrics, containerMetrics }: PodSandboxMetrics): Metric[] {
  return [...metrics, ...containerMetrics.flatMap((container) => container.metrics)];
}
