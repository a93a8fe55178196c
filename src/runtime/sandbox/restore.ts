import { isAbsolute, join } from "node:path";

import type { RestorePodRequest, RestorePodResponse } from "../../proto.js";
import { requireCriu } from "../adapters/criu/criu.js";
import { readCheckpoint } from "../container/checkpoint/read.js";
import { makeContainers, type Wanted } from "../container/create.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import { invalid } from "../spec/invalid.js";
import type { CheckpointPodOptions } from "./checkpoint.js";
import { type PodDump, readPodDump } from "./pod-dump.js";
import { makePod, requestedHandler } from "./run.js";

type Restored = Pick<RestorePodResponse, "podSandboxId"> & {
  restoredContainers: { name: string; containerId: string }[];
};

/**
 * Makes a pod from a checkpoint, with its containers: created, and ready to run on where they were once they are
 * started. Nobody knows of any of it before all is made; when something cannot be, nothing is left.
 */
export async function restorePod(
  deps: RuntimeDeps,
  request: RestorePodRequest,
  { signal, hasDeadline }: CheckpointPodOptions,
): Promise<Restored> {
  if (!hasDeadline) throw invalid("The call", "has no deadline, which RestorePod needs: set one");
  const [option] = Object.keys(request.options);
  if (option !== undefined) throw invalid("options", `has "${option}": crikit-runtime knows none`);
  const path = required(request.checkpointPath, "checkpoint_path");
  if (!isAbsolute(path)) throw invalid("checkpoint_path", `is "${path}": give an absolute path on the node`);
  const config = required(request.config, "config");
  const handler = requestedHandler(deps, request.runtimeHandler);
  const dump = await readPodDump(path);
  if (dump.sandbox.handler !== handler.name) {
    throw invalid(
      "runtime_handler",
      `is ${handler.name}, the checkpoint was made by ${dump.sandbox.handler}`,
    );
  }
  const wanted = await match(request, dump);
  await requireCriu();
  let containers: string[] = [];
  const podSandboxId = await makePod(deps, {
    ...{ config, handler, signal },
    fill: async (sandbox) => {
      containers = await makeContainers(deps, sandbox, wanted, { signal });
    },
  });
  return {
    podSandboxId,
    restoredContainers: containers.map((containerId, index) => ({
      name: wanted[index]?.config.metadata?.name ?? "",
      containerId,
    })),
  };
}

/** The configurations beside what the checkpoint has for them: by their names, one for each. */
async function match(
  { checkpointPath, containerConfigs }: RestorePodRequest,
  dump: PodDump,
): Promise<Wanted[]> {
  const saved = new Map(dump.containers.map(({ name, id }) => [name, join(checkpointPath, id)]));
  if (saved.size < dump.containers.length) {
    throw invalid("checkpoint_path", "has two containers of one name, which no configuration can tell apart");
  }
  const wanted: Wanted[] = [];
  for (const [index, config] of containerConfigs.entries()) {
    const field = `container_configs[${index}]`;
    const name = required(config.metadata?.name, `${field}.metadata.name`);
    const directory = saved.get(name);
    if (!saved.delete(name) || directory === undefined) {
      const known = dump.containers.map((container) => container.name).join(", ");
      throw invalid(
        `${field}.metadata.name`,
        `is "${name}": name each container of the checkpoint once (${known})`,
      );
    }
    wanted.push({ config, field, saved: await readCheckpoint(directory, "checkpoint_path") });
  }
  if (saved.size > 0) {
    throw invalid(
      "container_configs",
      `lack one for ${[...saved.keys()].join(", ")}, which the checkpoint has`,
    );
  }
  return wanted;
}
