import type { ContainerStats as ContainerStatsMessage, StreamContainerStatsResponse } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import type { ApiContext } from "../context.js";
import { type ContainerFilter, selectContainers } from "../lists/container-filter.js";
import { listContainers } from "../lists/list-containers.js";
import { type ContainerStats, toContainerStats } from "./container-stats.js";
import type { CpuRates } from "./cpu-rates.js";

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

/** The stats of all containers by the ID of their pod, which they do not say themselves. */
export async function statsByPod(
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
