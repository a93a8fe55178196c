import { ContainerState, type VersionResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { ApiContext } from "./context.js";

/**
 * CRI wants what runs ended by force when its pod is stopped or it is removed. CRI-O gives it all the time that the
 * call has, and may answer behind its deadline.
 */
function isPatient({ runtimeName }: VersionResponse): boolean {
  return runtimeName === "cri-o";
}

/** Where the runtime would wait for it. What fails is left to the call that follows, which ends it as well. */
export async function killFirst(context: ApiContext, id: string, options: CallOptions): Promise<void> {
  if (isPatient(context.version)) await kill(context, id, options);
}

/** The same of all containers of a pod. */
export async function killAllFirst(context: ApiContext, podId: string, options: CallOptions): Promise<void> {
  if (!isPatient(context.version)) return;
  const filter = { podSandboxId: podId, state: { state: ContainerState.CONTAINER_RUNNING } };
  const { containers } = await context.runtime
    .listContainers({ filter }, options)
    .catch(() => ({ containers: [] }));
  await Promise.all(containers.map(({ id }) => kill(context, id, options)));
}

async function kill({ runtime }: ApiContext, containerId: string, options: CallOptions): Promise<void> {
  await runtime.stopContainer({ containerId, timeout: 0n }, options).catch(() => {});
}
