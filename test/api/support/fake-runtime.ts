import { Code, ConnectError } from "@connectrpc/connect";
import { ContainerState, type PodSandboxConfig } from "../../../src/proto.js";
import { type RuntimeImpl, versionOf } from "./serve.js";

interface FakePod {
  id: string;
  config: PodSandboxConfig;
  createdAt: bigint;
}

interface FakeContainer {
  id: string;
  podId: string;
  name: string;
  attempt: number;
  logPath: string;
  state: ContainerState;
  exitCode: number;
  createdAt: bigint;
}

/**
 * A runtime without processes, for what a real one cannot be made to do: be told what to do in the middle of
 * a call, forget, fail. `calls` are the RPCs that change something, in the order they came in.
 */
export class FakeRuntime {
  readonly pods = new Map<string, FakePod>();
  readonly containers = new Map<string, FakeContainer>();
  readonly calls: string[] = [];
  readonly execs: { command: string[]; timeout: bigint }[] = [];
  readonly stops: { id: string; timeout: bigint }[] = [];
  #lastId = 0;

  addPod(config: PodSandboxConfig, createdAt = BigInt(Date.now()) * 1_000_000n): string {
    const id = `pod${++this.#lastId}`;
    this.pods.set(id, { id, config, createdAt });
    return id;
  }

  exit(containerId: string, exitCode: number): void {
    const container = this.#container(containerId);
    container.state = ContainerState.CONTAINER_EXITED;
    container.exitCode = exitCode;
  }

  /** The RPCs; `over` takes the place of some. */
  services(over: RuntimeImpl = {}): RuntimeImpl {
    return {
      ...versionOf("fake"),
      runPodSandbox: ({ config }) => {
        this.calls.push("run pod");
        if (!config) throw new ConnectError("no config", Code.InvalidArgument);
        return { podSandboxId: this.addPod(config) };
      },
      stopPodSandbox: ({ podSandboxId }) => {
        this.calls.push(`stop ${podSandboxId}`);
        return {};
      },
      removePodSandbox: ({ podSandboxId }) => {
        this.calls.push(`remove ${podSandboxId}`);
        this.pods.delete(podSandboxId);
        return {};
      },
      listPodSandbox: () => ({ items: [...this.pods.values()].map(listedPod) }),
      createContainer: ({ podSandboxId, config, sandboxConfig }) => {
        this.calls.push("create container");
        const id = `container${++this.#lastId}`;
        this.containers.set(id, {
          id,
          podId: podSandboxId,
          name: config?.metadata?.name ?? "",
          attempt: config?.metadata?.attempt ?? 0,
          logPath: `${sandboxConfig?.logDirectory}/${config?.logPath}`,
          state: ContainerState.CONTAINER_CREATED,
          exitCode: 0,
          createdAt: BigInt(Date.now()) * 1_000_000n,
        });
        return { containerId: id };
      },
      startContainer: ({ containerId }) => {
        this.calls.push(`start ${containerId}`);
        this.#container(containerId).state = ContainerState.CONTAINER_RUNNING;
        return {};
      },
      stopContainer: ({ containerId, timeout }) => {
        this.calls.push(`stop ${containerId}`);
        this.stops.push({ id: containerId, timeout });
        this.exit(containerId, 137);
        return {};
      },
      removeContainer: ({ containerId }) => {
        this.calls.push(`remove ${containerId}`);
        this.containers.delete(containerId);
        return {};
      },
      listContainers: ({ filter }) => ({
        containers: [...this.containers.values()]
          .filter(({ podId }) => !filter?.podSandboxId || filter.podSandboxId === podId)
          .map(listedContainer),
      }),
      containerStatus: ({ containerId }) => ({ status: containerStatus(this.#container(containerId)) }),
      execSync: ({ cmd, timeout }) => {
        this.execs.push({ command: cmd, timeout });
        return { exitCode: 0 };
      },
      ...over,
    };
  }

  #container(id: string): FakeContainer {
    const container = this.containers.get(id);
    if (!container) throw new ConnectError(`no container ${id}`, Code.NotFound);
    return container;
  }
}

function listedPod({ id, config, createdAt }: FakePod) {
  return { id, createdAt, ...(config.metadata ? { metadata: config.metadata } : {}) };
}

function listedContainer({ id, podId, name, attempt, state, createdAt }: FakeContainer) {
  return { id, podSandboxId: podId, metadata: { name, attempt }, state, createdAt };
}

function containerStatus({ id, name, attempt, state, createdAt, exitCode, logPath }: FakeContainer) {
  const finishedAt = state === ContainerState.CONTAINER_EXITED ? createdAt + 1_000_000_000n : 0n;
  return { id, metadata: { name, attempt }, state, createdAt, finishedAt, exitCode, logPath };
}
