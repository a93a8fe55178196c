import type { PodSandboxConfig } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { carryFailures } from "./carry-failures.js";
import type { ContainerConfig } from "./config.js";
import { OwnedContainer } from "./container.js";
import { completeContainerConfig } from "./container-defaults.js";
import type { ApiContext } from "./context.js";
import { mayBeMade, removeHalfMadeContainer } from "./half-made.js";
import { makeContainerLogDirectory } from "./log-paths.js";

/** The pod to make a container in. */
export interface ContainerPlace {
  readonly podId: string;
  readonly sandbox: PodSandboxConfig;
}

export async function createContainer(
  context: ApiContext,
  { podId, sandbox }: ContainerPlace,
  config: ContainerConfig,
  options: CallOptions,
): Promise<OwnedContainer> {
  options.signal?.throwIfAborted();
  const complete = completeContainerConfig(config, sandbox);
  await makeContainerLogDirectory(context.hostRoot, sandbox, complete);
  const sinceNs = BigInt(Date.now()) * 1_000_000n;
  try {
    const { containerId } = await context.runtime.createContainer(
      { podSandboxId: podId, config: complete, sandboxConfig: sandbox },
      options,
    );
    return new OwnedContainer(context, containerId);
  } catch (error) {
    if (mayBeMade(error, options.signal) && complete.metadata) {
      await removeHalfMadeContainer(context, podId, complete.metadata, sinceNs).catch((failure: unknown) =>
        carryFailures(error, [failure]),
      );
    }
    throw error;
  }
}

/** Creates and starts; a container that cannot be started is removed again. */
export async function runContainer(
  context: ApiContext,
  place: ContainerPlace,
  config: ContainerConfig,
  options: CallOptions,
): Promise<OwnedContainer> {
  const container = await createContainer(context, place, config, options);
  try {
    await container.start(options);
    return container;
  } catch (error) {
    await container.remove().catch((failure: unknown) => carryFailures(error, [failure]));
    throw error;
  }
}
