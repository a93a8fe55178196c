import { forEachOf } from "../../async/for-each-of.js";
import { CriError } from "../../errors.js";
import type { PodSandboxStats, StreamPodSandboxStatsResponse } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ListRpcs } from "../../services/list.js";
import type { ApiContext } from "../context.js";
import { listPods } from "../lists/list-pods.js";
import { type PodFilter, selectPods } from "../lists/pod-filter.js";
import type { PodSummary } from "../pod-status.js";
import type { CpuRates } from "./cpu-rates.js";
import { isUntold } from "./is-untold.js";
import { statsByPod } from "./list-container-stats.js";
import type { PodStats } from "./pod-stats.js";
import { sumPodStats, toldPodStats } from "./sum-pod-stats.js";

const callsAtOnce = 8;

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
    return listEachPod(context, listed, rates, call);
  }
  const byId = new Map(messages.map((message) => [message.attributes?.id ?? "", message]));
  return listed.flatMap(({ id }) => byId.get(id) ?? []).map((message) => toldPodStats(message, rates));
}

/** One pod of which a runtime cannot tell spoils the list of them all: each is asked for by itself. */
async function listEachPod(
  context: ApiContext,
  listed: readonly PodSummary[],
  rates: CpuRates,
  call: CallOptions,
): Promise<PodStats[]> {
  const told = new Map<string, PodSandboxStats>();
  await forEachOf(listed, callsAtOnce, async ({ id }) => {
    const stats = await readPodStats(context, id, call);
    if (stats) told.set(id, stats);
  });
  const containers = told.size < listed.length ? await statsByPod(context, call) : undefined;
  return listed.map((pod) => {
    const message = told.get(pod.id);
    return message ? toldPodStats(message, rates) : sumPodStats(pod, containers?.get(pod.id) ?? [], rates);
  });
}

/** Undefined: the runtime does not tell, or no more, for the pod was stopped since it was listed. */
async function readPodStats(
  { runtime }: ApiContext,
  podSandboxId: string,
  call: CallOptions,
): Promise<PodSandboxStats | undefined> {
  try {
    return (await runtime.podSandboxStats({ podSandboxId }, call)).stats;
  } catch (error) {
    if (isUntold(error) || isOfStopped(error)) return undefined;
    throw error;
  }
}

/** Each runtime has its own; containerd 2 says unavailable. One that is away says so again when it is asked next. */
function isOfStopped(error: unknown): boolean {
  return (
    error instanceof CriError && ["not_found", "failed_precondition", "unavailable"].includes(error.code)
  );
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
