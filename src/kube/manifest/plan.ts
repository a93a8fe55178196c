import type { ReadPod } from "./schema/pod.js";

/** What is in a ConfigMap or a Secret, by key. */
export type Entries = ReadonlyMap<string, Uint8Array>;

/** The objects of the pod's namespace, by name. */
export interface ConfigObjects {
  readonly configMaps: ReadonlyMap<string, Entries>;
  readonly secrets: ReadonlyMap<string, Entries>;
}

/** All that a manifest says, checked, with defaults. */
export interface PodPlan extends ConfigObjects {
  readonly pod: ReadPod;
}
