/** Kubernetes' word for how far a pod has come. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

/** How one attempt at a container has ended. */
export interface ContainerEnd {
  /** Which start it was, counted from 0. */
  readonly attempt: number;
  /** The code that it ended with. */
  readonly exitCode: number;
  /** In CamelCase: `Completed`, `Error`, `OOMKilled`, `StartError`. */
  readonly reason: string;
  /** What the container has left as its termination message, else what the runtime says. */
  readonly message: string;
  /** When it ended. */
  readonly finishedAt: Date | undefined;
}

/** One container of a played pod. */
export interface PlayedContainerStatus {
  /** Its name in the manifest. */
  readonly name: string;
  /** Of the newest attempt; undefined: nothing was made so far. */
  readonly id: string | undefined;
  /** What it does now. */
  readonly state: "waiting" | "running" | "terminated";
  /** Why it waits, or how it has ended: `PodInitializing`, `CrashLoopBackOff`, `ErrImagePull`, `Completed`. */
  readonly reason: string;
  /** The same as `reason` in a sentence. */
  readonly message: string;
  /** How often it was made anew. */
  readonly restarts: number;
  /** It runs, and its startup probe has passed. */
  readonly started: boolean;
  /** It has started, and its readiness probe says yes. */
  readonly ready: boolean;
  /** When it was started last. */
  readonly startedAt: Date | undefined;
  /** While it waits: when it is tried again. */
  readonly nextStartAt: Date | undefined;
  /** How the attempt before this one has ended, or this one. */
  readonly lastEnd: ContainerEnd | undefined;
}

/** A played pod as it is now. */
export interface PlayedPodStatus {
  /** The pod's phase. */
  readonly phase: PodPhase;
  /** Why it is in its phase, where there is something to say: `DeadlineExceeded`, `SandboxLost`. */
  readonly reason: string;
  /** All containers and sidecars are ready. */
  readonly ready: boolean;
  /** The sandbox that it runs in; undefined before the first. */
  readonly podId: string | undefined;
  /** How often its sandbox was made anew. */
  readonly sandboxRestarts: number;
  /** The primary one first. */
  readonly ips: readonly string[];
  /** In the order of the manifest, sidecars among them. */
  readonly initContainers: readonly PlayedContainerStatus[];
  /** In the order of the manifest. */
  readonly containers: readonly PlayedContainerStatus[];
}

/** Something has happened to a played pod. */
export type PodChange =
  | { readonly type: "phase"; readonly phase: PodPhase; readonly reason: string }
  /** It runs in this sandbox from now on. */
  | {
      readonly type: "sandbox";
      readonly podId: string;
      readonly attempt: number;
      readonly ips: readonly string[];
    }
  /** Its sandbox could not be made anew; that is tried again. */
  | { readonly type: "sandboxFailed"; readonly message: string }
  | { readonly type: "pulled"; readonly container: string; readonly image: string }
  | { readonly type: "started"; readonly container: string; readonly id: string; readonly attempt: number }
  | ({ readonly type: "exited"; readonly container: string; readonly id: string } & ContainerEnd)
  /** It is tried again after `delayMs`. */
  | {
      readonly type: "waiting";
      readonly container: string;
      readonly reason: string;
      readonly message: string;
      readonly delayMs: number;
    }
  | { readonly type: "ready" | "unready"; readonly container: string }
  /** A probe has failed, once. */
  | {
      readonly type: "unhealthy";
      readonly container: string;
      readonly probe: "startup" | "readiness" | "liveness";
      readonly message: string;
    }
  | {
      readonly type: "hookFailed";
      readonly container: string;
      readonly hook: "postStart" | "preStop";
      readonly message: string;
    }
  /** It is stopped, to be started again where `restartPolicy` says so. */
  | { readonly type: "killing"; readonly container: string; readonly message: string };
