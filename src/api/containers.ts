import type { CallOptions } from "../services/call-options.js";
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
}

export async function listContainers(
  context: ApiContext,
  filter: ContainerFilter,
  options: CallOptions,
): Promise<ListedContainer[]> {
  const { id = "", podId = "", state, labels = {} } = filter;
  const { containers } = await context.runtime.listContainers(
    {
      filter: {
        id,
        podSandboxId: podId,
        labelSelector: labels,
        ...(state === undefined ? {} : { state: { state: fromContainerState(state) } }),
      },
    },
    options,
  );
  return containers
    .sort(newestFirst)
    .map((message) => new ListedContainer(context, toContainerSummary(message)));
}
