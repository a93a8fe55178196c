import type {
  ContainerStats as ContainerStatsMessage,
  PodSandboxStats,
  StreamContainerStatsResponse,
  StreamPodSandboxStatsResponse,
} from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import type { ApiContext } from "../context.js";
import { type ContainerFilter, selectContainers } from "../lists/container-filter.js";
import { listContainers } from "../lists/list-containers.js";
import { listPods } from "../lists/list-pods.js";
import { type PodFilter, selectPods } from "../lists/pod-filter.js";
import { type ContainerStats, toContainerStats } from "./container-stats.js";
import type { CpuRates } from "./cpu-rates.js";
import { isUntold } from "./is-untold.js";
import { type PodStats, toPodStats } from "./pod-stats.js";
import { sumPodStats } from "./sum-pod-stats.js";

/** Those of the listed containers of which the runtime tells, newest first. */
export async function listContainerStats(
  context: ApiContext,
  filter: ContainerFilter,
  rates: CpuRates,
  call: CallOptions,
): Promise<ContainerStats[]> {
  const { request } = selectContainers(filter);
  const listed = await listContainers(context, filter, call);
  const messages = await readContainerStats(context, request, call);
  const byId = new Map(messages.map((message) => [message.attributes?.id ?? "", message]));
  return listed.flatMap(({ id }) => byId.get(id) ?? []).map((message) => toContainerStats(message, rates));
}

/** The ready ones of the listed pods, newest first. */
export async function listPodStats(
  context: ApiContext,
  filter: PodFilter,
  rates: CpuRates,
  call: CallOptions,
): Promise<PodStats[]> {
  const { id = "", labelSelector = {} } = selectPods(filter).request;
  const listed = (await listPods(context, filter, call)).filter(({ state }) => state === "ready");
  let messages: PodSandboxStats[];
  try {
    messages = await context.lists.read(podStatsRpcs(context, { id, labelSelector }), call);
  } catch (error) {
    if (!isUntold(error)) throw error;
    const containers = await containersByPod(context, call);
    return listed.map((pod) => sumPodStats(pod, containers.get(pod.id) ?? [], rates));
  }
  const byId = new Map(messages.map((message) => [message.attributes?.id ?? "", message]));
  return listed.flatMap(({ id }) => byId.get(id) ?? []).map((message) => toPodStats(message, rates));
}

export async function readContainerStats(
  { runtime, lists }: ApiContext,
  { id = "", podSandboxId = "", labelSelector = {} }: ReturnType<typeof selectContainers>["request"],
  call: CallOptions,
): Promise<ContainerStatsMessage[]> {
  const filter = { id, podSandboxId, labelSelector };
  const rpcs: ListRpcs<StreamContainerStatsResponse, ContainerStatsMessage> = {
    name: "streamContainerStats",
    stream: (options) => runtime.streamContainerStats({ filter }, options),
    itemsOf: ({ containerStats }) => containerStats,
    unary: async (options) => (await runtime.listContainerStats({ filter }, options)).stats,
  };
  return lists.read(rpcs, call);
}

function podStatsRpcs(
  { runtime }: ApiContext,
  filter: { id: string; labelSelector: Record<string, string> },
): ListRpcs<StreamPodSandboxStatsResponse, PodSandboxStats> {
  return {
    name: "streamPodSandboxStats",
    stream: (options) => runtime.streamPodSandboxStats({ filter }, options),
    itemsOf: ({ podSandboxStats }) => podSandboxStats,
    unary: async (options) => (await runtime.listPodSandboxStats({ filter }, options)).stats,
  };
}

/** Stats do not say which pod they are of. */
async function containersByPod(
  context: ApiContext,
  call: CallOptions,
): Promise<Map<string, ContainerStatsMessage[]>> {
  const listed = await listContainers(context, {}, call);
  const podOf = new Map(listed.map(({ id, podId }) => [id, podId]));
  const found = new Map<string, ContainerStatsMessage[]>();
  for (const message of await readContainerStats(context, {}, call)) {
    const podId = podOf.get(message.attributes?.id ?? "") ?? "";
    found.set(podId, [...(found.get(podId) ?? []), message]);
  }
  return found;
}
