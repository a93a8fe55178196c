import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { create, fromJson } from "@bufbuild/protobuf";

import { InvalidArgumentError } from "../../errors.js";
import { isSameMessage } from "../../messages/is-same.js";
import { type ContainerConfig, ContainerConfigSchema, type RuntimeService } from "../../proto.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { addContainer, newContainer } from "./containers.js";
import type { FakeDeps } from "./deps.js";
import { addPod, newPod } from "./pods.js";

/** The RPC that makes a pod from what CheckpointPod wrote. Its containers begin anew: no memory was written down. */
export function restoreRpcs(deps: FakeDeps) {
  return {
    async restorePod({ checkpointPath, config, runtimeHandler, containerConfigs }, { timeoutMs }) {
      if (timeoutMs() === undefined) throw new InvalidArgumentError("RestorePod needs a deadline: set one");
      checkMatch(deps, containerConfigs, await readCheckpoint(checkpointPath));
      const pod = newPod(deps, { config, runtimeHandler });
      const { logDirectory } = pod.config;
      const containers = containerConfigs.map((one) =>
        newContainer(deps, pod, { config: one, logDirectory }),
      );
      addPod(deps, pod);
      for (const container of containers) addContainer(deps, container);
      return {
        podSandboxId: pod.id,
        restoredContainers: containers.map(({ id, config }) => ({
          name: config.metadata?.name ?? "",
          containerId: id,
        })),
      };
    },
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}

/** What its containers were made of, by their names. */
async function readCheckpoint(path: string): Promise<Map<string, ContainerConfig>> {
  try {
    const files = await readdir(path);
    const configs = await Promise.all(files.map((file) => readConfig(join(path, file))));
    if (configs.length > 0) return new Map(configs.map((config) => [config.metadata?.name ?? "", config]));
  } catch (error) {
    throw refused("checkpoint_path", `is "${path}", which has no checkpoint of this runtime`, error);
  }
  throw refused("checkpoint_path", `is "${path}", which is empty`);
}

async function readConfig(path: string): Promise<ContainerConfig> {
  return fromJson(ContainerConfigSchema, JSON.parse(await readFile(path, "utf8")).config);
}

const kept = ["command", "args", "workingDir", "envs"] as const;

/** Each container of the checkpoint once, to run what it ran then. */
function checkMatch(
  { images }: FakeDeps,
  configs: readonly ContainerConfig[],
  saved: Map<string, ContainerConfig>,
): void {
  for (const [index, config] of configs.entries()) {
    const field = `container_configs[${index}]`;
    const name = config.metadata?.name ?? "";
    const before = saved.get(name);
    if (!before) {
      const known = [...saved.keys()].join(", ");
      throw refused(
        `${field}.metadata.name`,
        `is "${name}": name each container of the checkpoint once (${known})`,
      );
    }
    saved.delete(name);
    const changed = kept.find((key) => !isSameIn(key, config, before));
    if (changed) throw refused(`${field}.${changed}`, "is not what the checkpoint has");
    const imageOf = ({ image }: ContainerConfig) => images.find(image?.image ?? "")?.id;
    if (imageOf(config) !== imageOf(before)) throw refused(`${field}.image`, "is not that of the checkpoint");
  }
  if (saved.size === 0) return;
  throw refused(
    "container_configs",
    `lack one for ${[...saved.keys()].join(", ")}, which the checkpoint has`,
  );
}

function isSameIn(field: (typeof kept)[number], ...configs: [ContainerConfig, ContainerConfig]): boolean {
  const [one, other] = configs.map((config) => create(ContainerConfigSchema, { [field]: config[field] }));
  return one !== undefined && other !== undefined && isSameMessage(ContainerConfigSchema, one, other);
}

function refused(field: string, message: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`${field} ${message}`, { field, cause });
}
