import type { Container, StreamContainersResponse } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import { type ContainerSummary, toContainerSummary } from "../container-status.js";
import type { ApiContext } from "../context.js";
import { type ContainerFilter, type ContainerSelection, selectContainers } from "./container-filter.js";
import { type ListSlice, readSlice } from "./order.js";

/** All that is set must hold, on every runtime alike. */
export interface ContainerListFilter extends ContainerFilter, ListSlice {}

export async function listContainers(
  context: ApiContext,
  { last, latest, sort, ...filter }: ContainerListFilter,
  options: CallOptions,
): Promise<ContainerSummary[]> {
  const take = readSlice({ last, latest, sort });
  const { request, prepare } = selectContainers(filter);
  const matches = await prepare(context, options);
  const items = await context.lists.read(containerRpcs(context, request), options);
  return take(items.map(toContainerSummary).filter(matches));
}

export async function* streamContainers(
  context: ApiContext,
  filter: ContainerFilter,
  options: CallOptions,
): AsyncGenerator<ContainerSummary, void, undefined> {
  const { request, prepare } = selectContainers(filter);
  const matches = await prepare(context, options);
  for await (const message of context.lists.stream(containerRpcs(context, request), options)) {
    const summary = toContainerSummary(message);
    if (matches(summary)) yield summary;
  }
}

function containerRpcs(
  { runtime }: ApiContext,
  filter: ContainerSelection["request"],
): ListRpcs<StreamContainersResponse, Container> {
  return {
    name: "streamContainers",
    isShort: Boolean(filter.id || filter.podSandboxId),
    stream: (options) => runtime.streamContainers({ filter }, options),
    itemsOf: ({ containers }) => containers,
    unary: async (options) => (await runtime.listContainers({ filter }, options)).containers,
  };
}
