import type { PodSandbox, StreamPodSandboxesResponse } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import type { ApiContext } from "../context.js";
import { type PodSummary, toPodSummary } from "../pod-status.js";
import type { Test } from "./conditions.js";
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
  return take(await context.lists.read(podRpcs(context, request, matches), options));
}

export async function* streamPods(
  context: ApiContext,
  filter: PodFilter,
  options: CallOptions,
): AsyncGenerator<PodSummary, void, undefined> {
  const { request, matches } = selectPods(filter);
  yield* context.lists.stream(podRpcs(context, request, matches), options);
}

function podRpcs(
  { runtime }: ApiContext,
  filter: PodSelection["request"],
  matches: Test<PodSummary>,
): ListRpcs<StreamPodSandboxesResponse, PodSummary> {
  const chosen = (messages: PodSandbox[]) => messages.map(toPodSummary).filter(matches);
  return {
    name: "streamPodSandboxes",
    isShort: Boolean(filter.id),
    stream: (options) => runtime.streamPodSandboxes({ filter }, options),
    itemsOf: ({ podSandboxes }) => chosen(podSandboxes),
    unary: async (options) => chosen((await runtime.listPodSandbox({ filter }, options)).items),
  };
}
