import { rm } from "node:fs/promises";
import type { Duplex } from "node:stream";

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type PodSandboxConfig, PodSandboxConfigSchema } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { checkpointPod, type PodCheckpointOptions } from "./checkpoint.js";
import type { ContainerConfig } from "./config.js";
import { ListedContainer, type OwnedContainer } from "./container.js";
import type { StatusOptions } from "./container-options.js";
import type { ApiContext } from "./context.js";
import { createContainer, runContainer } from "./create-container.js";
import { ignoreMissing, stopThenRemove } from "./dispose.js";
import { killAllFirst } from "./kill-first.js";
import { type ContainerListFilter, listContainers } from "./lists/list-containers.js";
import { rebuildPodConfig } from "./pod-defaults.js";
import { type PodStatus, type PodSummary, toPodStatus } from "./pod-status.js";
import { connectPort, type ForwardOptions, forwardPort, type PortForward } from "./port-forward.js";
import { type ResourceUpdate, toLinuxResources } from "./resources.js";
import type { PodStats } from "./stats/pod-stats.js";
import { readOnePod } from "./stats/read-stats.js";
import { measure, type StatsOptions } from "./stats/stats-options.js";

/** Options of the calls that make a container. */
export interface CreateContainerOptions extends CallOptions {
  /**
   * The configuration that the pod was run with, which CRI wants again. Needed only where the handle has not
   * run the pod itself and the defaults of `pods.run` do not hold: else it is rebuilt from the pod's status.
   */
  sandboxConfig?: MessageInitShape<typeof PodSandboxConfigSchema> | undefined;
}

/** New resources of a pod as a whole. */
export interface PodResourceUpdate {
  /** The sum of what the containers have. */
  resources?: ResourceUpdate | undefined;
  /** What the pod has besides. */
  overhead?: ResourceUpdate | undefined;
}

/**
 * One pod sandbox. The handle holds its ID and nothing else: each method asks the runtime. A method on a pod
 * that is gone throws a `NotFoundError`, unless it says otherwise.
 */
export class Pod {
  readonly #context: ApiContext;
  /** As the handle was made: the whole ID, or a prefix for the runtime to resolve. */
  readonly id: string;

  /** @internal */
  constructor(context: ApiContext, id: string) {
    this.#context = context;
    this.id = id;
  }

  /**
   * What the runtime says of the pod now.
   *
   * @example
   * ```ts
   * const { state, ips } = await pod.status();
   * console.log(state, ips[0]);
   * ```
   */
  async status(options: StatusOptions = {}): Promise<PodStatus> {
    const { verbose = false, ...call } = options;
    const response = await this.#context.runtime.podSandboxStatus({ podSandboxId: this.id, verbose }, call);
    return toPodStatus(this.id, response, { verbose });
  }

  /** Kills its containers and frees its network; it stays listed. Again: nothing more happens. */
  async stop(options: CallOptions = {}): Promise<void> {
    await killAllFirst(this.#context, this.id, options);
    await this.#context.runtime.stopPodSandbox({ podSandboxId: this.id }, options);
  }

  /** Removes it with its containers, by force where they run. Nothing happens when it is gone already. */
  async remove(options: CallOptions = {}): Promise<void> {
    await killAllFirst(this.#context, this.id, options);
    await ignoreMissing(this.#context.runtime.removePodSandbox({ podSandboxId: this.id }, options));
  }

  /**
   * Creates a container in the pod, which `start()` starts. The image must be there: pull it before. When the
   * call ends without an answer (abort, deadline, lost connection) a container that the runtime has made
   * nevertheless is looked for, and removed.
   *
   * @throws NameReservedError when the pod has a container with this name and attempt.
   *
   * @example
   * ```ts
   * const web = await pod.createContainer({ metadata: { name: "web" }, image: { image: "nginx" } });
   * await web.start();
   * ```
   */
  async createContainer(
    config: ContainerConfig,
    options: CreateContainerOptions = {},
  ): Promise<OwnedContainer> {
    const { sandboxConfig, ...call } = options;
    const sandbox = await this.sandboxConfig(sandboxConfig, call);
    return createContainer(this.#context, { podId: this.id, sandbox }, config, call);
  }

  /** Creates a container and starts it; one that cannot be started is removed. */
  async runContainer(config: ContainerConfig, options: CreateContainerOptions = {}): Promise<OwnedContainer> {
    const { sandboxConfig, ...call } = options;
    const sandbox = await this.sandboxConfig(sandboxConfig, call);
    return runContainer(this.#context, { podId: this.id, sandbox }, config, call);
  }

  /**
   * Opens a connection to a port of the pod, as if from inside it. The stream half-closes and ends as a TCP
   * connection does; a port where nobody listens is an error of the stream.
   *
   * @example
   * ```ts
   * const socket = await pod.connect(80);
   * socket.end("GET / HTTP/1.0\r\n\r\n");
   * for await (const chunk of socket) process.stdout.write(chunk);
   * ```
   */
  async connect(port: number, options: CallOptions = {}): Promise<Duplex> {
    return connectPort(this.#context, this.id, port, options);
  }

  /**
   * Listens on this machine and carries each connection to a port of the pod. One that fails is closed, and
   * told to `onError`; the others go on. An abort of the signal closes it all.
   *
   * @example
   * ```ts
   * await using forward = await pod.forward(80);
   * const response = await fetch(`http://127.0.0.1:${forward.port}/`);
   * ```
   */
  async forward(port: number, options: ForwardOptions = {}): Promise<PortForward> {
    return forwardPort(this.#context, this.id, port, options);
  }

  /**
   * Tells the runtime that the pod's resources have changed, as kubelet does once it has written the pod's control
   * group. Most runtimes hand it to plugins or take note of it, and limit nothing by it: that is for
   * `updateResources` of the containers.
   *
   * @throws UnsupportedError on containerd before 2.3.
   */
  async updateResources(update: PodResourceUpdate, options: CallOptions = {}): Promise<void> {
    const { overhead, resources } = update;
    const request = {
      podSandboxId: this.id,
      ...(overhead && { overhead: toLinuxResources(overhead, "overhead") }),
      ...(resources && { resources: toLinuxResources(resources) }),
    };
    await this.#context.runtime.updatePodSandboxResources(request, options);
  }

  /**
   * Writes the running containers of the pod to a directory on the node, all of one moment; they run on. What is in
   * the directory then is the runtime's own form. A limit of time is needed: two minutes unless told.
   *
   * @throws CriError with the code `failed_precondition` when the runtime has no criu that works on its kernel, or
   * when criu cannot write down one of the containers. Nothing is left in the directory then.
   * @throws UnsupportedError on a runtime that cannot: containerd and CRI-O as of 2026.
   *
   * @example
   * ```ts no-run It needs criu, which few machines have.
   * await pod.checkpoint({ path: "/var/lib/checkpoints/demo" });
   * ```
   */
  async checkpoint(options: PodCheckpointOptions): Promise<void> {
    await checkpointPod(this.#context, this.id, options);
  }

  /** Its containers, ended ones too, newest first unless told. */
  async containers(
    filter: Omit<ContainerListFilter, "pod"> = {},
    options: CallOptions = {},
  ): Promise<ListedContainer[]> {
    const summaries = await listContainers(this.#context, { ...filter, pod: this.id }, options);
    return summaries.map((summary) => new ListedContainer(this.#context, summary));
  }

  /**
   * What the pod uses now, with its containers; with `windowMs` the use of the processor is measured over that time.
   *
   * @throws CriError with the code `failed_precondition` when the pod is not ready: it uses nothing any more.
   *
   * @example
   * ```ts
   * const { cpu, network, processes } = await pod.stats({ windowMs: 1_000 });
   * console.log(cpu?.cores, network?.interfaces[0]?.receivedBytes, processes);
   * ```
   */
  async stats(options: StatsOptions = {}): Promise<PodStats> {
    return measure(`The reading of stats of pod ${this.id}`, options, (rates, call) =>
      readOnePod(this.#context, this.id, rates, call),
    );
  }

  /** @internal */
  protected async sandboxConfig(
    given: CreateContainerOptions["sandboxConfig"],
    call: CallOptions,
  ): Promise<PodSandboxConfig> {
    if (given) return create(PodSandboxConfigSchema, given);
    const { raw } = await this.status(call);
    return raw.status ? rebuildPodConfig(raw.status, this.#context.logRoot) : create(PodSandboxConfigSchema);
  }
}

/** A pod from a list or a watch, with what was said of it then. */
export class ListedPod extends Pod {
  /** As the list had it, in a watch with the state that an event told since. Later changes are not in it: ask `status()`. */
  readonly listed: PodSummary;

  /** @internal */
  constructor(context: ApiContext, listed: PodSummary) {
    super(context, listed.id);
    this.listed = listed;
  }
}

/** What an owned pod knows of its making. */
export interface MadePod {
  readonly id: string;
  readonly config: PodSandboxConfig;
  /** The log directory, where it was made for this pod. */
  readonly logDirectory: string | undefined;
}

/** A pod that this handle has run. Disposing of it stops and removes it, its containers and its logs. */
export class OwnedPod extends Pod implements AsyncDisposable {
  readonly #made: MadePod;

  /** @internal */
  constructor(context: ApiContext, made: MadePod) {
    super(context, made.id);
    this.#made = made;
  }

  /** Removes it with its containers and its log directory. Nothing happens when it is gone already. */
  override async remove(options: CallOptions = {}): Promise<void> {
    await super.remove(options);
    const { logDirectory } = this.#made;
    if (logDirectory !== undefined) await rm(logDirectory, { recursive: true, force: true });
  }

  /** Stops and removes it without a wait. Nothing happens when it is gone already. */
  async [Symbol.asyncDispose](): Promise<void> {
    await stopThenRemove(
      () => this.stop(),
      () => this.remove(),
    );
  }

  /** @internal */
  protected override async sandboxConfig(
    given: CreateContainerOptions["sandboxConfig"],
  ): Promise<PodSandboxConfig> {
    return given ? create(PodSandboxConfigSchema, given) : this.#made.config;
  }
}
