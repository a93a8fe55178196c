import type { Container, StreamContainersResponse } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import { type ContainerSummary, toContainerSummary } from "../container-status.js";
import type { ApiContext } from "../context.js";
import type { Test } from "./conditions.js";
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
  return take(await context.lists.read(containerRpcs(context, request, matches), options));
}

export async function* streamContainers(
  context: ApiContext,
  filter: ContainerFilter,
  options: CallOptions,
): AsyncGenerator<ContainerSummary, void, undefined> {
  const { request, prepare } = selectContainers(filter);
  const matches = await prepare(context, options);
  yield* context.lists.stream(containerRpcs(context, request, matches), options);
}

function containerRpcs(
  { runtime }: ApiContext,
  filter: ContainerSelection["request"],
  matches: Test<ContainerSummary>,
): ListRpcs<StreamContainersResponse, ContainerSummary> {
  const chosen = (messages: Container[]) => messages.map(toContainerSummary).filter(matches);
  return {
    name: "streamContainers",
    isShort: Boolean(filter.id || filter.podSandboxId),
    stream: (options) => runtime.streamContainers({ filter }, options),
    itemsOf: ({ containers }) => chosen(containers),
    unary: async (options) => chosen((await runtime.listContainers({ filter }, options)).containers),
  };
}
