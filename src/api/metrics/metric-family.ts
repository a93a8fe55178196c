/** How the values of a metric are to be read. */
export type MetricKind = "counter" | "gauge";

/** One metric with its values. */
export interface MetricFamily {
  /** For example `container_memory_working_set_bytes`. The unit is in the name. */
  readonly name: string;
  /** What it tells, in a sentence. */
  readonly help: string;
  /** A counter only grows; a gauge goes up and down. */
  readonly type: MetricKind;
  /** One for each container, pod, interface or device: their labels tell them apart. */
  readonly samples: readonly MetricSample[];
}

/** One value of a metric. */
export interface MetricSample {
  /** Most have `id`, `image`, `namespace`, `pod` and `container`; the last is empty for what is of a pod. */
  readonly labels: Readonly<Record<string, string>>;
  /** Exact up to 2^53, as in Prometheus. */
  readonly value: number;
  /** Undefined: at the time of the answer. */
  readonly measuredAt: Date | undefined;
}
