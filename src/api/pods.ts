import type { CallOptions } from "../services/call-options.js";
import type { PodConfig } from "./config.js";
import type { ApiContext } from "./context.js";
import { listPods, type PodListFilter, streamPods } from "./lists/list-pods.js";
import type { PodFilter } from "./lists/pod-filter.js";
import { ListedPod, type OwnedPod, Pod } from "./pod.js";
import { type RestorePodOptions, restorePod } from "./restore-pod.js";
import { type RunPodOptions, runPod } from "./run-pod.js";
import { listPodStats } from "./stats/list-pod-stats.js";
import type { PodStats } from "./stats/pod-stats.js";
import { measure, type StatsOptions } from "./stats/stats-options.js";

/** The pod sandboxes of the runtime. */
export class Pods {
  readonly #context: ApiContext;

  /** @internal */
  constructor(context: ApiContext) {
    this.#context = context;
  }

  /**
   * Runs a pod: an empty one, with its network and namespaces, ready for containers. Missing parts of the
   * configuration are filled in as kubelet would: a random uid, namespace `default`, a PID namespace for each
   * container, and a log directory `NAMESPACE_NAME_UID` under `/var/log/pods`, which is made for the pod and
   * removed with it.
   *
   * When the call ends without an answer (abort, deadline, lost connection) a pod that the runtime has made
   * nevertheless is looked for, and removed. What failed in cleaning up is on the error, as `suppressed`.
   *
   * @throws NameReservedError when there is a pod with the same metadata.
   *
   * @example
   * ```ts
   * await using pod = await cri.pods.run({ metadata: { name: "demo" } });
   * await using web = await pod.runContainer({ metadata: { name: "web" }, image: { image: "nginx" } });
   * ```
   */
  async run(config: PodConfig, options: RunPodOptions = {}): Promise<OwnedPod> {
    return runPod(this.#context, config, options);
  }

  /**
   * Makes a pod from a directory that `pod.checkpoint()` has written. Its containers are created, and run on from
   * where they were once they are started. Defaults and cleaning up are those of `run`.
   *
   * @throws CriError with the code `failed_precondition` when the runtime has no criu that works on its kernel.
   * @throws InvalidArgumentError that names the field in which the configuration does not fit the checkpoint.
   * @throws UnsupportedError on a runtime that cannot: containerd and CRI-O as of 2026.
   *
   * @example
   * ```ts no-run It needs criu, which few machines have.
   * const web = { metadata: { name: "web" }, image: { image: "nginx" } };
   * await using pod = await cri.pods.restore(
   *   { metadata: { name: "demo" } },
   *   { path: "/var/lib/checkpoints/demo", containers: [web] },
   * );
   * for (const container of await pod.containers()) await container.start();
   * ```
   */
  async restore(config: PodConfig, options: RestorePodOptions): Promise<OwnedPod> {
    return restorePod(this.#context, config, options);
  }

  /** A handle for a pod that is there, by its ID or a prefix of it. Makes no request. */
  get(id: string): Pod {
    return new Pod(this.#context, id);
  }

  /**
   * Newest first, unless told.
   *
   * @throws InvalidArgumentError that names the field of the filter.
   *
   * @example
   * ```ts
   * for (const pod of await cri.pods.list({ state: "ready" })) console.log(pod.listed.metadata.name);
   * await cri.pods.list({ namespace: /^kube-/, labels: { app: "web", canary: true }, last: 10, sort: "name" });
   * ```
   */
  async list(filter: PodListFilter = {}, options: CallOptions = {}): Promise<ListedPod[]> {
    const summaries = await listPods(this.#context, filter, options);
    return summaries.map((summary) => new ListedPod(this.#context, summary));
  }

  /**
   * The pods of `list()` as they come, in the order in which the runtime sends them: newest first from crikit's
   * own, any from others. For as many as there may be: where the runtime streams its lists no message and no
   * array holds all of them. No deadline unless told. Leaving the loop ends the call.
   *
   * @throws UnsupportedError when the runtime gives up in the middle of a list; the next call does without its
   * streams.
   *
   * @example
   * ```ts
   * for await (const pod of cri.pods.stream({ state: "notready" })) await pod.remove();
   * ```
   */
  async *stream(
    filter: PodFilter = {},
    options: CallOptions = {},
  ): AsyncGenerator<ListedPod, void, undefined> {
    for await (const summary of streamPods(this.#context, filter, options)) {
      yield new ListedPod(this.#context, summary);
    }
  }

  /**
   * What the pods that are ready use, and their containers, newest first. Again and again: `cri.stats()`.
   *
   * @throws InvalidArgumentError that names the field of the filter.
   *
   * @example
   * ```ts
   * for (const { metadata, cpu } of await cri.pods.stats({ namespace: "default" }, { windowMs: 1_000 })) {
   *   console.log(metadata.name, cpu?.cores);
   * }
   * ```
   */
  async stats(filter: PodFilter = {}, options: StatsOptions = {}): Promise<PodStats[]> {
    return measure("The reading of stats", options, (rates, call) =>
      listPodStats(this.#context, filter, rates, call),
    );
  }
}
