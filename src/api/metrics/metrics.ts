import type { CallOptions } from "../../services/call-options.js";
import { isUnsupported } from "../../services/capabilities.js";
import type { ApiContext } from "../context.js";
import { limitedCall, limitTime } from "../time-limit.js";
import type { MetricFamily } from "./metric-family.js";
import { type PrometheusOptions, prometheusContentType, prometheusText } from "./prometheus-text.js";
import { type RuntimeMetrics, readRuntimeMetrics } from "./runtime-metrics.js";
import { readStatsMetrics, statsMetricNames } from "./stats-metrics.js";

/** Where metrics are to come from. */
export interface MetricsOptions extends CallOptions {
  /**
   * `runtime`, unless told: what the runtime gives as metrics, and from its stats what it does not give so. `stats`: all
   * from the stats. That is less, but seconds have fractions there, and runtimes' metrics have whole ones.
   */
  source?: "runtime" | "stats" | undefined;
}

/** Metrics of the pods that are ready and of their containers, at one time. */
export class Metrics {
  /** Those that have a value now. */
  readonly families: readonly MetricFamily[];
  /** How many values the runtime told that say nothing: without a descriptor, or with other labels than it. */
  readonly unreadable: number;
  /** What an HTTP server says of `toPrometheus()`. */
  readonly contentType = prometheusContentType;

  /** @internal */
  constructor(families: readonly MetricFamily[], unreadable: number) {
    this.families = families;
    this.unreadable = unreadable;
  }

  /** The text that Prometheus scrapes. */
  toPrometheus(options: PrometheusOptions = {}): string {
    return prometheusText(this.families, options);
  }
}

export async function readMetrics(
  context: ApiContext,
  { source = "runtime", ...options }: MetricsOptions,
): Promise<Metrics> {
  using limit = limitTime(options, "The reading of metrics");
  const call = limitedCall(options, limit);
  const told = source === "runtime" ? await readRuntimeMetrics(context, call) : undefined;
  const { families = [], unreadable = 0 } = told ?? {};
  return new Metrics([...families, ...(await readRest(context, told, call))], unreadable);
}

/** From the stats, what the runtime has no metrics of. */
async function readRest(
  context: ApiContext,
  told: RuntimeMetrics | undefined,
  call: CallOptions,
): Promise<MetricFamily[]> {
  const isMissing = (name: string) => !told?.described.has(name);
  if (!statsMetricNames.some(isMissing)) return [];
  try {
    return (await readStatsMetrics(context, call)).filter(({ name }) => isMissing(name));
  } catch (error) {
    if (told && isUnsupported(error)) return [];
    throw error;
  }
}
