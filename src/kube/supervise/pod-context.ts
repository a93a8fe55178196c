import type { CriClient } from "../../api/client.js";
import type { OwnedPod } from "../../api/pod.js";
import type { PodPlan } from "../manifest/plan.js";
import type { PodChange } from "../status.js";
import type { NodeFacts, PodFacts } from "../translate/facts.js";
import type { ReadUserRange } from "../translate/user-range.js";
import type { PodVolumes } from "../volumes/pod-volumes.js";
import type { Exits } from "./exits.js";
import type { PullPolicy } from "./obtain-image.js";
import type { RestartBackoffOptions } from "./restart-backoff.js";

/** What stays the same as long as a pod is played. */
export interface PodContext {
  readonly cri: CriClient;
  readonly plan: PodPlan;
  readonly uid: string;
  readonly node: NodeFacts;
  readonly volumes: PodVolumes;
  /** Undefined: they are the host's. */
  readonly users: ReadUserRange | undefined;
  readonly exits: Exits;
  readonly pullPolicy: PullPolicy | undefined;
  readonly backoff: RestartBackoffOptions;
  /** The runtime's handler for the pod can make mounts read-only with all that is mounted in them. */
  readonly canRecurse: boolean;
  tell(change: PodChange): void;
}

/** The sandbox that the pod runs in for the time being. */
export interface Sandbox {
  readonly pod: OwnedPod;
  readonly attempt: number;
  readonly facts: PodFacts;
  readonly hostsPath: string;
}
