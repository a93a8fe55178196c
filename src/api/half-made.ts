import { CriError, type CriErrorCode } from "../errors.js";
import type { ContainerMetadata, PodSandboxMetadata } from "../proto.js";
import type { ApiContext } from "./context.js";

/** After these nobody knows whether the runtime has done what it was asked. */
const unclear = new Set<CriErrorCode>(["deadline_exceeded", "canceled", "aborted", "unavailable"]);

/** The clean-up has its own time: the caller's may be over. */
const call = { timeoutMs: 10_000 };

/** Whether the runtime may have made what a failed create has asked for. */
export function mayBeMade(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true || (error instanceof CriError && unclear.has(error.code));
}

/**
 * Removes the pod that a create without an answer has made, if it is there by now. What is older than
 * `sinceNs` has the same metadata by chance or by plan, and is somebody else's. A runtime that is slower than
 * this look still brings the pod later.
 */
export async function removeHalfMadePod(
  context: ApiContext,
  { name, namespace, uid, attempt }: PodSandboxMetadata,
  sinceNs: bigint,
): Promise<void> {
  const { items } = await context.runtime.listPodSandbox({}, call);
  for (const { id, metadata, createdAt } of items) {
    if (createdAt < sinceNs || metadata?.name !== name || metadata.namespace !== namespace) continue;
    if (metadata.uid !== uid || metadata.attempt !== attempt) continue;
    await context.runtime.stopPodSandbox({ podSandboxId: id }, call);
    await context.runtime.removePodSandbox({ podSandboxId: id }, call);
  }
}

/** The same for a container of a pod. */
export async function removeHalfMadeContainer(
  context: ApiContext,
  podSandboxId: string,
  { name, attempt }: ContainerMetadata,
  sinceNs: bigint,
): Promise<void> {
  const { containers } = await context.runtime.listContainers({ filter: { podSandboxId } }, call);
  for (const { id, metadata, createdAt } of containers) {
    if (createdAt < sinceNs || metadata?.name !== name || metadata.attempt !== attempt) continue;
    await context.runtime.removeContainer({ containerId: id }, call);
  }
}
