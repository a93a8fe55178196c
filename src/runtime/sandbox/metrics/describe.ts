import { create } from "@bufbuild/protobuf";

import {
  type Metric,
  type MetricDescriptor,
  MetricDescriptorSchema,
  MetricSchema,
  MetricType,
} from "../../../proto.js";
import type { RuntimeDeps } from "../../deps.js";
import { cpuMetrics } from "./cpu.js";
import { diskMetrics } from "./disk.js";
import { memoryMetrics } from "./memory.js";
import type { MetricKind } from "./metric.js";
import { networkMetrics } from "./network.js";
import { pressureMetrics } from "./pressure.js";
import { processMetrics } from "./process.js";
import { resourceMetrics } from "./resources.js";

/** Of containers. Those of pods are of the network. */
export const containerMetrics = [
  ...cpuMetrics,
  ...memoryMetrics,
  ...diskMetrics,
  ...processMetrics,
  ...resourceMetrics,
  ...pressureMetrics,
];

/** The labels of every metric, as containerd and CRI-O have them. Container and image of a pod are empty. */
export interface BaseLabels {
  id: string;
  image: string;
  namespace: string;
  pod: string;
  container: string;
}

const baseKeys = ["id", "image", "namespace", "pod", "container"] as const;

/** Of what this host measures: the same as long as the runtime runs. */
export function metricDescriptors(deps: RuntimeDeps): MetricDescriptor[] {
  return [...measured(deps, containerMetrics), ...networkMetrics].map(({ name, help, labels = [] }) =>
    create(MetricDescriptorSchema, { name, help, labelKeys: [...baseKeys, ...labels] }),
  );
}

export function measured<Source>(
  { cgroups }: RuntimeDeps,
  kinds: readonly MetricKind<Source>[],
): MetricKind<Source>[] {
  const measures = cgroups.measures();
  return kinds.filter(({ needs }) => needs === undefined || measures.has(needs));
}

/** The values of these metrics as they are now; what is not known is left out. */
export function readMetrics<Source>(
  kinds: readonly MetricKind<Source>[],
  source: Source,
  base: BaseLabels,
): Metric[] {
  const timestamp = BigInt(Date.now()) * 1_000_000n;
  const baseValues = baseKeys.map((key) => base[key]);
  return kinds.flatMap(({ name, type, read }) => {
    const value = read(source);
    const readings = typeof value === "object" ? value : [{ labels: [], value }];
    return readings.flatMap(({ labels, value }) => {
      if (value === undefined) return [];
      const metricType = type === "counter" ? MetricType.COUNTER : MetricType.GAUGE;
      const labelValues = [...baseValues, ...labels];
      return create(MetricSchema, { name, timestamp, metricType, labelValues, value: { value } });
    });
  });
}
