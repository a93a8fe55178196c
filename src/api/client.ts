import type { CredentialSource } from "../credentials/look-up.js";
import type { VersionResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { type Capabilities, learntRpcs } from "../services/capabilities.js";
import { createImageClient, type ImageClient } from "../services/image-client.js";
import { ListReader } from "../services/list.js";
import { createRuntimeClient, type RuntimeClient } from "../services/runtime-client.js";
import { SessionOpener, type StreamingOptions } from "../sessions/open-session.js";
import type { Connection } from "../transport/connection.js";
import type { StatusOptions } from "./container-options.js";
import { Containers } from "./containers.js";
import type { ApiContext } from "./context.js";
import { type ContainerEvent, containerEvents } from "./events.js";
import { Images } from "./images.js";
import type { PodFilter } from "./lists/pod-filter.js";
import { defaultLogRoot } from "./log-paths.js";
import { type Metrics, type MetricsOptions, readMetrics } from "./metrics/metrics.js";
import { Pods } from "./pods.js";
import {
  type RuntimeConfig,
  type RuntimeConfigUpdate,
  readRuntimeConfig,
  updateRuntimeConfig,
} from "./runtime-config.js";
import { type RuntimeInfo, readRuntimeInfo } from "./runtime-info.js";
import { type StatsSample, type StatsStreamOptions, watchStats } from "./stats/watch-stats.js";
import { sharesEvents, type WatchEvent, type WatchOptions, watch } from "./watch.js";

export interface CriClientParts {
  connection: Connection;
  version: VersionResponse;
  /** Only where images are served at another endpoint. */
  imageConnection?: Connection | undefined;
  callTimeoutMs?: number | undefined;
  retries?: number | undefined;
  logRoot?: string | undefined;
  hostRoot?: string | undefined;
  streaming?: StreamingOptions | undefined;
  credentials?: CredentialSource | undefined;
}

/**
 * One runtime. Made by `connect()`; cheap handles come from `pods`, `containers` and `images`, and every RPC
 * can be called on `runtime` and `image`. Closing it ends calls and streams, and no pod or container.
 */
export class CriClient implements AsyncDisposable {
  readonly #connections: readonly Connection[];
  readonly #context: ApiContext;

  /** Every RPC of the RuntimeService, with plain generated messages. */
  readonly runtime: RuntimeClient;
  /** Every RPC of the ImageService, with plain generated messages. */
  readonly image: ImageClient;
  /** Pods: run, list, stream, get. */
  readonly pods: Pods;
  /** Containers of all pods: list, stream, get. A pod's handle makes new ones. */
  readonly containers: Containers;
  /** Images: pull, ensure, list, status, remove. */
  readonly images: Images;
  /** What the runtime said of itself when the client connected. */
  readonly version: VersionResponse;
  /** For example `unix:///run/containerd/containerd.sock`. */
  readonly endpoint: string;
  /** The same as `endpoint` unless configured otherwise. */
  readonly imageEndpoint: string;
  /** Resolves once `close` was called and nothing of the client is left. */
  readonly closed: Promise<void>;

  /** @internal */
  constructor(parts: CriClientParts) {
    const { connection, imageConnection = connection } = parts;
    this.#connections = [...new Set([connection, imageConnection])];
    this.version = parts.version;
    this.endpoint = connection.endpoint.address;
    this.imageEndpoint = imageConnection.endpoint.address;
    this.closed = Promise.all(this.#connections.map(({ closed }) => closed)).then(() => {});

    const learnt = (rpc: keyof Capabilities) =>
      learntRpcs(imageConnection).get(rpc) ?? learntRpcs(connection).get(rpc);
    const serviceOptions = { timeoutMs: parts.callTimeoutMs, retries: parts.retries };
    this.runtime = createRuntimeClient(connection, serviceOptions);
    this.image = createImageClient(imageConnection, serviceOptions);
    this.#context = {
      endpoint: this.endpoint,
      version: this.version,
      tracing: connection.tracing,
      runtime: this.runtime,
      image: this.image,
      lists: new ListReader(learnt, serviceOptions),
      logRoot: parts.logRoot ?? defaultLogRoot,
      hostRoot: parts.hostRoot ?? "/",
      sessions: new SessionOpener(parts.streaming),
    };
    this.pods = new Pods(this.#context);
    this.containers = new Containers(this.#context);
    this.images = new Images(this.#context, parts.credentials);
  }

  /**
   * What the runtime says of its condition now: the Status RPC; with `verbose` its configuration as well.
   *
   * @example
   * ```ts
   * const { runtimeReady, info } = await cri.info({ verbose: true });
   * console.log(runtimeReady, info.config);
   * ```
   */
  async info(options: StatusOptions = {}): Promise<RuntimeInfo> {
    return readRuntimeInfo(this.runtime, options);
  }

  /**
   * The settings that a kubelet has to agree with.
   *
   * @throws UnsupportedError on a runtime that is older than this: containerd before 2.0.
   */
  async runtimeConfig(options: CallOptions = {}): Promise<RuntimeConfig> {
    return readRuntimeConfig(this.runtime, options);
  }

  /**
   * Proposes the node's pod addresses, as a kubelet does. What comes of it is the runtime's to say: containerd
   * makes its network's configuration of it where it was given a template, crikit-runtime notes it in its log.
   *
   * @throws InvalidArgumentError when it is no range of addresses.
   */
  async updateRuntimeConfig(update: RuntimeConfigUpdate, options: CallOptions = {}): Promise<void> {
    await updateRuntimeConfig(this.runtime, update, options);
  }

  /**
   * What happens to pods and containers from now on, as the runtime tells it: nothing of what was before, nothing
   * again. Events get lost when the stream breaks and while nobody listens: to know what there is, use `watch`.
   * Leaving the loop ends the stream at the runtime; the stream itself ends by an error only.
   *
   * A reader that falls too far behind is cut off by the runtime; crikit-runtime tells it `resource_exhausted`.
   *
   * @throws UnsupportedError when the runtime tells no events: containerd 1.6, cri-dockerd, CRI-O by default.
   *
   * @example
   * ```ts
   * const running = cri.pods.run({ metadata: { name: "demo" } });
   * for await (const { type, kind, id } of cri.events()) {
   *   console.log(type, kind, id);
   *   if (type === "started") break;
   * }
   * await (await running).remove();
   * ```
   */
  events(options: CallOptions = {}): AsyncIterable<ContainerEvent> {
    return containerEvents(this.#context, options);
  }

  /**
   * The pods and containers that there are, then each change, then `synced` once after the first state. Who keeps
   * what is told has at all times what the runtime lists: nothing is told twice, and nothing is missed for good,
   * also when the runtime restarts, loses events or has none. States that pass in a moment may be left out.
   * Ends by `break`, the signal (with its own reason), or an error that stays.
   *
   * @example
   * ```ts
   * for await (const change of cri.watch()) {
   *   if (change.type === "synced") break; // that is all for now; who goes on is told each change
   *   console.log(change.type, change.kind, change.object.id, change.object.listed.state);
   * }
   * cri.watch({ pods: false, containers: { namespace: "default", state: "exited" } }); // each end in a namespace
   * ```
   */
  watch(options: WatchOptions = {}): AsyncIterable<WatchEvent> {
    return watch(this.#context, { ...options, events: options.events ?? !sharesEvents(this.version) });
  }

  /**
   * What pods and their containers use, again and again: the first sample at once, then one each second unless told.
   * The use of the processor is that since the sample before; in the first one it is what the runtime says, if it
   * does. For one sample alone see `pods.stats()` and `containers.stats()`.
   *
   * Lives through a restart of the runtime, once it has begun. A reader that is slow gets fewer samples. Ends by
   * `break`, the signal (with its own reason), or an error that stays.
   *
   * @throws InvalidArgumentError that names the field of the filter or the option.
   * @throws UnsupportedError when the runtime tells no stats.
   *
   * @example
   * ```ts
   * let samples = 0;
   * for await (const { pods } of cri.stats({ namespace: "default" })) {
   *   for (const { metadata, cpu, memory } of pods) {
   *     console.log(metadata.name, cpu?.percent?.toFixed(1) ?? "--", memory?.workingSetBytes ?? "--");
   *   }
   *   samples += 1;
   *   if (samples === 3) break;
   * }
   * ```
   */
  stats(filter: PodFilter = {}, options: StatsStreamOptions = {}): AsyncIterable<StatsSample> {
    return watchStats(this.#context, filter, options);
  }

  /**
   * Metrics of the pods and their containers under the names that cAdvisor has given them, as values and as the text
   * that Prometheus scrapes. Where a runtime has no RPC for metrics (containerd before 2.2, cri-dockerd), or leaves
   * some out, they are made from its stats.
   *
   * @throws UnsupportedError when the runtime tells neither metrics nor stats.
   *
   * @example
   * ```ts
   * const metrics = await cri.metrics();
   * for (const { name, type, samples } of metrics.families) console.log(name, type, samples.length);
   * const body = metrics.toPrometheus(); // what a scrape is answered with, as metrics.contentType
   * ```
   */
  async metrics(options: MetricsOptions = {}): Promise<Metrics> {
    return readMetrics(this.#context, options);
  }

  /**
   * What calls on this client have shown so far of the RPCs that the runtime serves. Makes no call: an RPC that
   * nobody has tried is not in it.
   *
   * @example
   * ```ts
   * await cri.containers.list();
   * if (cri.capabilities().streamContainers) console.log("lists of any length");
   * ```
   */
  capabilities(): Capabilities {
    return Object.fromEntries(this.#connections.flatMap((connection) => [...learntRpcs(connection)]));
  }

  /** Ends the calls in flight, which fail with the code `closed`. Again: nothing more happens. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** Closes, and waits until `closed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }
}
