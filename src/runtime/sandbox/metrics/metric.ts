import type { Measure } from "../../adapters/cgroups/cgroups.js";

/** One metric: how it is described, and how it is read from what is known of a container or a pod. */
export interface MetricKind<Source> {
  /** As cAdvisor calls it, for dashboards are built on these names. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  /** Labels beside those that every metric has. */
  readonly labels?: readonly string[];
  /** Hosts that do not measure this do not have the metric. */
  readonly needs?: Measure;
  /** Undefined, and of several values those that are: not known, which is not zero. */
  read(source: Source): bigint | undefined | readonly Reading[];
}

export interface Reading {
  /** Values of the metric's own labels, in their order. */
  readonly labels: readonly string[];
  readonly value: bigint | undefined;
}

/** CRI has whole numbers only, and the names say seconds: what containerd and CRI-O give, too. */
export function seconds(nanoseconds: bigint | undefined): bigint | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / 1_000_000_000n;
}
