import {
  type ContainerEventResponse,
  ContainerEventType,
  ContainerState as ContainerStateValue,
  PodSandboxState,
} from "../proto.js";
import type { ContainerState } from "./container-status.js";
import type { PodState } from "./pod-status.js";

/** How far a pod or container has come, as an event tells. */
export type ToldState =
  | { readonly kind: "pod"; readonly podId: string; readonly id: string; readonly state: PodState }
  | {
      readonly kind: "container";
      readonly podId: string;
      readonly id: string;
      readonly state: ContainerState;
    };

/**
 * What a started or stopped event tells of what it happened to, if the status in it says the same. Of the rest of its
 * pod other events tell. No other event has all that there is to be known after it.
 */
export function toldState({
  containerId: id,
  containerEventType: type,
  podSandboxStatus: pod,
  containersStatuses,
}: ContainerEventResponse): ToldState | undefined {
  const isStarted = type === ContainerEventType.CONTAINER_STARTED_EVENT;
  if (!pod || !(isStarted || type === ContainerEventType.CONTAINER_STOPPED_EVENT)) return undefined;
  const podId = pod.id;
  if (id === podId) {
    const isTold = !isStarted && pod.state === PodSandboxState.SANDBOX_NOTREADY;
    return isTold ? { kind: "pod", podId, id, state: "notready" } : undefined;
  }
  const wanted = isStarted ? ContainerStateValue.CONTAINER_RUNNING : ContainerStateValue.CONTAINER_EXITED;
  const isTold = containersStatuses.some((status) => status.id === id && status.state === wanted);
  return isTold ? { kind: "container", podId, id, state: isStarted ? "running" : "exited" } : undefined;
}

/** An ID is used once, and what has it only goes forward: created, running, exited; ready, not ready. */
const steps: Record<ContainerState | PodState, number> = {
  created: 0,
  running: 1,
  // It may be running, and ends for certain.
  unknown: 1,
  exited: 2,
  ready: 0,
  notready: 1,
};

/** Whether a state must come after another, so that it is the newer one whenever it is told. */
export function isFurther<State extends ContainerState | PodState>(from: State, to: State): boolean {
  return steps[to] > steps[from];
}
