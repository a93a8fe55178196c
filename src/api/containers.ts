import type { CallOptions } from "../services/call-options.js";
import { Container, ListedContainer } from "./container.js";
import type { ApiContext } from "./context.js";
import type { ContainerFilter } from "./lists/container-filter.js";
import { type ContainerListFilter, listContainers, streamContainers } from "./lists/list-containers.js";
import type { ContainerStats } from "./stats/container-stats.js";
import { listContainerStats } from "./stats/list-container-stats.js";
import { measure, type StatsOptions } from "./stats/stats-options.js";

/** The containers of all pods, ended ones too. New ones are made by their pod. */
export class Containers {
  readonly #context: ApiContext;

  /** @internal */
  constructor(context: ApiContext) {
    this.#context = context;
  }

  /** A handle for a container that is there, by its ID or a prefix of it. Makes no request. */
  get(id: string): Container {
    return new Container(this.#context, id);
  }

  /**
   * Newest first, unless told.
   *
   * @throws InvalidArgumentError that names the field of the filter.
   *
   * @example
   * ```ts
   * for (const container of await cri.containers.list({ image: "nginx", state: "running" })) {
   *   console.log(container.id, container.listed.metadata.name);
   * }
   * const [latest] = await cri.containers.list({ namespace: "default", name: /^web/, latest: true });
   * ```
   */
  async list(filter: ContainerListFilter = {}, options: CallOptions = {}): Promise<ListedContainer[]> {
    const summaries = await listContainers(this.#context, filter, options);
    return summaries.map((summary) => new ListedContainer(this.#context, summary));
  }

  /**
   * The containers of `list()` as they come, in the order in which the runtime sends them: newest first from
   * crikit's own, any from others. For as many as there may be: where the runtime streams its lists no message
   * and no array holds all of them. No deadline unless told. Leaving the loop ends the call.
   *
   * @throws UnsupportedError when the runtime gives up in the middle of a list; the next call does without its
   * streams.
   *
   * @example
   * ```ts
   * for await (const container of cri.containers.stream({ state: "exited" })) await container.remove();
   * ```
   */
  async *stream(
    filter: ContainerFilter = {},
    options: CallOptions = {},
  ): AsyncGenerator<ListedContainer, void, undefined> {
    for await (const summary of streamContainers(this.#context, filter, options)) {
      yield new ListedContainer(this.#context, summary);
    }
  }

  /**
   * What the containers use, newest first; ended ones too, for what they have written.
   *
   * @throws InvalidArgumentError that names the field of the filter.
   *
   * @example
   * ```ts
   * const running = await cri.containers.stats({ state: "running", image: "nginx" }, { windowMs: 1_000 });
   * for (const { metadata, cpu, memory } of running) {
   *   console.log(metadata.name, cpu?.percent, memory?.workingSetBytes, memory?.limitBytes);
   * }
   * ```
   */
  async stats(filter: ContainerFilter = {}, options: StatsOptions = {}): Promise<ContainerStats[]> {
    return measure("The reading of stats", options, (rates, call) =>
      listContainerStats(this.#context, filter, rates, call),
    );
  }
}
