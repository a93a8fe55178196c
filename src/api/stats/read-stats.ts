import { CriError, NotFoundError } from "../../errors.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { toPodStatus } from "../pod-status.js";
import { type ContainerStats, toContainerStats } from "./container-stats.js";
import type { CpuRates } from "./cpu-rates.js";
import { isUntold } from "./is-untold.js";
import { readContainerStats } from "./list-container-stats.js";
import type { PodStats } from "./pod-stats.js";
import { sumPodStats, toldPodStats } from "./sum-pod-stats.js";

export async function readOneContainer(
  context: ApiContext,
  containerId: string,
  rates: CpuRates,
  call: CallOptions,
): Promise<ContainerStats> {
  try {
    const { stats } = await context.runtime.containerStats({ containerId }, call);
    if (stats) return toContainerStats(stats, rates);
    throw new NotFoundError(`The runtime tells nothing of the container ${containerId}`);
  } catch (error) {
    if (!isUntold(error)) throw error;
    // containerd fails for one that does not run, and lists it.
    const listed = await readContainerStats(context, { id: containerId }, call);
    const [found] = listed.filter(({ attributes }) => attributes?.id.startsWith(containerId));
    if (!found) throw error;
    return toContainerStats(found, rates);
  }
}

export async function readOnePod(
  context: ApiContext,
  podSandboxId: string,
  rates: CpuRates,
  call: CallOptions,
): Promise<PodStats> {
  try {
    const { stats } = await context.runtime.podSandboxStats({ podSandboxId }, call);
    if (stats) return toldPodStats(stats, rates);
    throw new NotFoundError(`The runtime tells nothing of the pod ${podSandboxId}`);
  } catch (error) {
    if (!(error instanceof CriError) || error instanceof NotFoundError) throw error;
    // Each runtime has an error of its own for a pod that is not ready.
    const response = await context.runtime.podSandboxStatus({ podSandboxId }, call);
    const pod = toPodStatus(podSandboxId, response);
    if (pod.state !== "ready") {
      const message = `Pod ${pod.id} is not ready: it uses nothing any more`;
      throw new CriError("failed_precondition", message, { cause: error, rpc: error.rpc });
    }
    if (!isUntold(error)) throw error;
    const containers = await readContainerStats(context, { podSandboxId: pod.id }, call);
    return sumPodStats(pod, containers, rates);
  }
}
