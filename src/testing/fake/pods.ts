import { create } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../../errors.js";
import {
  ContainerEventType,
  LinuxPodSandboxConfigSchema,
  type PodSandboxFilter,
  PodSandboxSchema,
  type RunPodSandboxRequest,
  type RuntimeService,
} from "../../proto.js";
import { listParts } from "../../streaming/list-parts.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { containerStatus } from "./container-messages.js";
import { stopContainer } from "./containers.js";
import type { FakeDeps } from "./deps.js";
import { listedPod, podInfo, podState, podStatus } from "./pod-messages.js";
import { type FakePod, findById, hasLabels, nameReserved, newestFirst } from "./state.js";

/** The RPCs of pod sandboxes. */
export function podRpcs(deps: FakeDeps) {
  const { state, events } = deps;
  return {
    runPodSandbox(request) {
      const pod = newPod(deps, request);
      addPod(deps, pod);
      return { podSandboxId: pod.id };
    },
    async stopPodSandbox({ podSandboxId }) {
      const pod = findById(state.pods, podSandboxId);
      if (pod) await stopPod(deps, pod);
      return {};
    },
    async removePodSandbox({ podSandboxId }) {
      const pod = findById(state.pods, podSandboxId);
      if (!pod) return {};
      await stopPod(deps, pod);
      for (const { id } of state.containersOf(pod.id)) {
        state.containers.delete(id);
        events.publish(ContainerEventType.CONTAINER_DELETED_EVENT, pod.id, id);
      }
      state.pods.delete(pod.id);
      events.publish(ContainerEventType.CONTAINER_DELETED_EVENT, pod.id);
      return {};
    },
    podSandboxStatus({ podSandboxId, verbose }) {
      const pod = state.pod(podSandboxId);
      return {
        status: podStatus(pod),
        containersStatuses: state.containersOf(pod.id).map(containerStatus),
        ...(verbose && { info: podInfo(pod) }),
      };
    },
    listPodSandbox: ({ filter }) => ({ items: selectPods(deps, filter).map(listedPod) }),
    async *streamPodSandboxes({ filter }) {
      const items = selectPods(deps, filter).map(listedPod);
      for (const podSandboxes of listParts(PodSandboxSchema, items)) yield { podSandboxes };
    },
    updatePodSandboxResources({ podSandboxId, overhead, resources }) {
      const { config } = state.pod(podSandboxId);
      config.linux ??= create(LinuxPodSandboxConfigSchema);
      if (overhead) config.linux.overhead = overhead;
      if (resources) config.linux.resources = resources;
      return {};
    },
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}

/** One that nobody knows of yet. */
export function newPod(
  { state }: FakeDeps,
  { config, runtimeHandler }: Pick<RunPodSandboxRequest, "config" | "runtimeHandler">,
): FakePod {
  const { metadata } = config ?? {};
  if (!config || !metadata?.name) {
    throw new InvalidArgumentError("config.metadata.name is empty: name the pod", {
      field: "config.metadata.name",
    });
  }
  const name = `${metadata.name}_${metadata.namespace}_${metadata.uid}_${metadata.attempt}`;
  for (const { id, config } of state.pods.values()) {
    const { name: n, namespace, uid, attempt } = config.metadata ?? {};
    if (`${n}_${namespace}_${uid}_${attempt}` === name) throw nameReserved(name, id);
  }
  const [id, ip] = [state.newId(), state.newAddress()];
  return { id, config, handler: runtimeHandler, createdAt: state.now(), ip, isReady: true };
}

export function addPod({ state, events }: FakeDeps, pod: FakePod): void {
  state.pods.set(pod.id, pod);
  events.publish(ContainerEventType.CONTAINER_CREATED_EVENT, pod.id);
  events.publish(ContainerEventType.CONTAINER_STARTED_EVENT, pod.id);
}

export function selectPods({ state }: FakeDeps, filter: Partial<PodSandboxFilter> = {}): FakePod[] {
  const { id = "", state: wanted, labelSelector } = filter;
  return [...state.pods.values()]
    .filter((pod) => pod.id.startsWith(id) && hasLabels(pod.config.labels, labelSelector))
    .filter((pod) => wanted === undefined || wanted.state === podState(pod))
    .sort(newestFirst);
}

async function stopPod(deps: FakeDeps, pod: FakePod): Promise<void> {
  await Promise.all(deps.state.containersOf(pod.id).map((container) => stopContainer(container, 0)));
  if (!pod.isReady) return;
  pod.isReady = false;
  deps.events.publish(ContainerEventType.CONTAINER_STOPPED_EVENT, pod.id);
}
