import { join } from "node:path";

import { CriError, InvalidArgumentError, NotFoundError } from "../../errors.js";
import {
  type ContainerConfig,
  ContainerEventType,
  type ContainerFilter,
  ContainerSchema,
  ContainerState,
  type RuntimeService,
} from "../../proto.js";
import { mergeResources } from "../../resources.js";
import { listParts } from "../../streaming/list-parts.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { containerStatus, listedContainer } from "./container-messages.js";
import type { FakeDeps } from "./deps.js";
import { resolveImageVolumes } from "./image-volumes.js";
import { LogFile } from "./log-file.js";
import { MainProcess } from "./main-process.js";
import { type FakeContainer, type FakePod, findById, hasLabels, nameReserved, newestFirst } from "./state.js";

/** The RPCs of containers, but for those that run commands in them. */
export function containerRpcs(deps: FakeDeps) {
  const { state, events } = deps;
  return {
    createContainer({ podSandboxId, config, sandboxConfig }) {
      const pod = state.pod(podSandboxId);
      if (!config?.metadata?.name) {
        throw new InvalidArgumentError("config.metadata.name is empty: name the container", {
          field: "config.metadata.name",
        });
      }
      const logDirectory = sandboxConfig?.logDirectory || pod.config.logDirectory;
      const container = newContainer(deps, pod, { config, logDirectory });
      addContainer(deps, container);
      return { containerId: container.id };
    },
    async startContainer({ containerId }) {
      await startContainer(deps, state.container(containerId));
      return {};
    },
    async stopContainer({ containerId, timeout }) {
      const container = findById(state.containers, containerId);
      if (container) await stopContainer(container, Number(timeout) * 1000);
      return {};
    },
    async removeContainer({ containerId }) {
      const container = findById(state.containers, containerId);
      if (!container) return {};
      await stopContainer(container, 0);
      if (state.containers.delete(container.id)) {
        events.publish(ContainerEventType.CONTAINER_DELETED_EVENT, container.podId, container.id);
      }
      return {};
    },
    containerStatus({ containerId, verbose }) {
      const container = state.container(containerId);
      return {
        status: containerStatus(container),
        ...(verbose && { info: { info: JSON.stringify({ sandboxID: container.podId }) } }),
      };
    },
    listContainers: ({ filter }) => ({ containers: selectContainers(deps, filter).map(listedContainer) }),
    async *streamContainers({ filter }) {
      const items = selectContainers(deps, filter).map(listedContainer);
      for (const containers of listParts(ContainerSchema, items)) yield { containers };
    },
    updateContainerResources({ containerId, linux }) {
      const container = state.container(containerId);
      if (linux) container.resources = mergeResources(container.resources, linux);
      return {};
    },
    async reopenContainerLog({ containerId }) {
      await runningProcess(state.container(containerId)).log.open();
      return {};
    },
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}

export function selectContainers(
  { state }: FakeDeps,
  filter: Partial<ContainerFilter> = {},
): FakeContainer[] {
  const { id = "", podSandboxId = "", state: wanted, labelSelector } = filter;
  return [...state.containers.values()]
    .filter((container) => container.id.startsWith(id) && container.podId.startsWith(podSandboxId))
    .filter((container) => wanted === undefined || wanted.state === container.state)
    .filter(({ config }) => hasLabels(config.labels, labelSelector))
    .sort(newestFirst);
}

/** Throws for a container that does not run. */
export function runningProcess({ id, process, state }: FakeContainer): MainProcess {
  if (process && state === ContainerState.CONTAINER_RUNNING) return process;
  throw new CriError("failed_precondition", `Container ${id} is not running: start it, or make a new one`);
}

export async function stopContainer({ process }: FakeContainer, graceMs: number): Promise<void> {
  await process?.stop(graceMs);
}

export function addContainer({ state, events }: FakeDeps, container: FakeContainer): void {
  state.containers.set(container.id, container);
  events.publish(ContainerEventType.CONTAINER_CREATED_EVENT, container.podId, container.id);
}

/** One that nobody knows of yet. */
export function newContainer(
  { state, images }: FakeDeps,
  pod: FakePod,
  { config, logDirectory }: { config: ContainerConfig; logDirectory: string },
): FakeContainer {
  if (!pod.isReady) throw new CriError("failed_precondition", `Pod ${pod.id} is not ready: run a new one`);
  const { name = "", attempt = 0 } = config.metadata ?? {};
  const holder = state
    .containersOf(pod.id)
    .find(({ config }) => config.metadata?.name === name && config.metadata.attempt === attempt);
  if (holder) throw nameReserved(`${name}_${attempt}_${pod.id}`, holder.id);
  const reference = config.image?.image ?? "";
  const image = images.find(reference);
  if (!image) throw new NotFoundError(`Image ${reference} is not there: pull it before`);
  resolveImageVolumes(images, config);
  return {
    id: state.newId(),
    podId: pod.id,
    config,
    imageId: image.id,
    logPath: logDirectory && config.logPath ? join(logDirectory, config.logPath) : "",
    createdAt: state.now(),
    state: ContainerState.CONTAINER_CREATED,
    startedAt: 0n,
    finishedAt: 0n,
    exitCode: 0,
    reason: "",
    message: "",
    resources: config.linux?.resources,
    process: undefined,
  };
}

async function startContainer({ state, events, runs }: FakeDeps, container: FakeContainer): Promise<void> {
  const { id, podId, config, logPath } = container;
  if (container.state !== ContainerState.CONTAINER_CREATED) {
    throw startedBefore(id);
  }
  const log = new LogFile(logPath);
  await log.open();
  // Another start may have been quicker.
  if (container.process) {
    await log.close();
    throw startedBefore(id);
  }
  const argv = [...config.command, ...config.args];
  container.state = ContainerState.CONTAINER_RUNNING;
  container.startedAt = state.now();
  container.process = new MainProcess({
    container: { id, podId, config },
    argv,
    handler: runs.find(argv),
    log,
  });
  events.publish(ContainerEventType.CONTAINER_STARTED_EVENT, podId, id);
  void container.process.exited.then((exitCode) => {
    container.state = ContainerState.CONTAINER_EXITED;
    container.exitCode = exitCode;
    container.reason = exitCode === 0 ? "Completed" : "Error";
    container.finishedAt = state.now();
    events.publish(ContainerEventType.CONTAINER_STOPPED_EVENT, podId, id);
  });
}

function startedBefore(id: string): CriError {
  return new CriError("failed_precondition", `Container ${id} was started before: make a new one`);
}
