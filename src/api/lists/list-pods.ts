import type { PodSandbox, StreamPodSandboxesResponse } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import type { ApiContext } from "../context.js";
import { type PodSummary, toPodSummary } from "../pod-status.js";
import { type ListSlice, readSlice } from "./order.js";
import { type PodFilter, type PodSelection, selectPods } from "./pod-filter.js";

/** All that is set must hold, on every runtime alike. */
export interface PodListFilter extends PodFilter, ListSlice {}

export async function listPods(
  context: ApiContext,
  { last, latest, sort, ...filter }: PodListFilter,
  options: CallOptions,
): Promise<PodSummary[]> {
  const take = readSlice({ last, latest, sort });
  const { request, matches } = selectPods(filter);
  const items = await context.lists.read(podRpcs(context, request), options);
  return take(items.map(toPodSummary).filter(matches));
}

export async function* streamPods(
  context: ApiContext,
  filter: PodFilter,
  options: CallOptions,
): AsyncGenerator<PodSummary, void, undefined> {
  const { request, matches } = selectPods(filter);
  for await (const message of context.lists.stream(podRpcs(context, request), options)) {
    const summary = toPodSummary(message);
    if (matches(summary)) yield summary;
  }
}

function podRpcs(
  { runtime }: ApiContext,
  filter: PodSelection["request"],
): ListRpcs<StreamPodSandboxesResponse, PodSandbox> {
  return {
    name: "streamPodSandboxes",
    isShort: Boolean(filter.id),
    stream: (options) => runtime.streamPodSandboxes({ filter }, options),
    itemsOf: ({ podSandboxes }) => podSandboxes,
    unary: async (options) => (await runtime.listPodSandbox({ filter }, options)).items,
  };
}
