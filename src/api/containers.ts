import type { Container as ContainerMessage, StreamContainersResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { ListRpcs } from "../services/list.js";
import { Container, ListedContainer } from "./container.js";
import { type ContainerState, fromContainerState, toContainerSummary } from "./container-status.js";
import type { ApiContext } from "./context.js";
import { newestFirst } from "./time.js";

/** All that is set must hold. The runtime does the filtering. */
export interface ContainerFilter {
  /** The ID, or a prefix of it. */
  id?: string | undefined;
  podId?: string | undefined;
  state?: ContainerState | undefined;
  /** Each of these labels with exactly this value. */
  labels?: Record<string, string> | undefined;
}

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
   * Newest first.
   *
   * @example
   * ```ts
   * for (const container of await cri.containers.list({ state: "running" })) {
   *   console.log(container.id, container.listed.metadata.name);
   * }
   * ```
   */
  async list(filter: ContainerFilter = {}, options: CallOptions = {}): Promise<ListedContainer[]> {
    return listContainers(this.#context, filter, options);
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
    const context = this.#context;
    for await (const message of context.lists.stream(containerRpcs(context, filter), options)) {
      yield listed(context, message);
    }
  }
}

export async function listContainers(
  context: ApiContext,
  filter: ContainerFilter,
  options: CallOptions,
): Promise<ListedContainer[]> {
  const items = await context.lists.read(containerRpcs(context, filter), options);
  return items.sort(newestFirst).map((message) => listed(context, message));
}

function listed(context: ApiContext, message: ContainerMessage): ListedContainer {
  return new ListedContainer(context, toContainerSummary(message));
}

function containerRpcs(
  { runtime }: ApiContext,
  { id = "", podId = "", state, labels = {} }: ContainerFilter,
): ListRpcs<StreamContainersResponse, ContainerMessage> {
  const filter = {
    id,
    podSandboxId: podId,
    labelSelector: labels,
    ...(state === undefined ? {} : { state: { state: fromContainerState(state) } }),
  };
  return {
    name: "streamContainers",
    stream: (options) => runtime.streamContainers({ filter }, options),
    itemsOf: ({ containers }) => containers,
    unary: async (options) => (await runtime.listContainers({ filter }, options)).containers,
  };
}
