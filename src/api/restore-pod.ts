import { requireAbsolute, requireLimit } from "./checkpoint.js";
import type { ContainerConfig, PodConfig } from "./config.js";
import { completeContainerConfig } from "./container-defaults.js";
import type { ApiContext } from "./context.js";
import { makeContainerLogDirectory } from "./log-paths.js";
import type { OwnedPod } from "./pod.js";
import { makePod, type RunPodOptions } from "./run-pod.js";

/** What to restore a pod from. */
export interface RestorePodOptions extends RunPodOptions {
  /** The directory of the checkpoint, by its absolute path on the node. It is only read. */
  path: string;
  /**
   * The containers of the checkpoint, one configuration for each, found by name: what they were made of then. Labels,
   * log paths, limits and the sources of mounts may be others.
   */
  containers: readonly ContainerConfig[];
}

export async function restorePod(
  context: ApiContext,
  config: PodConfig,
  { path, containers, handler = "", ...options }: RestorePodOptions,
): Promise<OwnedPod> {
  requireAbsolute(path);
  requireLimit(options, "RestorePod");
  return makePod(context, config, options, async (complete, call) => {
    const containerConfigs = containers.map((container) => completeContainerConfig(container, complete));
    for (const container of containerConfigs) {
      await makeContainerLogDirectory(context.hostRoot, complete, container);
    }
    return context.runtime.restorePod(
      { checkpointPath: path, config: complete, runtimeHandler: handler, containerConfigs },
      call,
    );
  });
}
