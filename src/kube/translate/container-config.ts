import type { ContainerConfig, MountConfig } from "../../api/config.js";
import type { Image } from "../../api/images/image.js";
import type { PodPlan } from "../manifest/plan.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import { expand } from "./expand.js";
import type { PodFacts } from "./facts.js";
import { containerAnnotations, containerLabels } from "./labels.js";
import { containerResources } from "./resources.js";
import { containerSecurity } from "./security-context.js";
import { idMappings, type ReadUserRange } from "./user-range.js";

export interface ContainerParts {
  readonly facts: PodFacts;
  /** How many containers there were before in the place of this one. */
  readonly attempt: number;
  readonly image: Pick<Image, "id" | "user">;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly MountConfig[];
  /** Those of the sandbox. */
  readonly users: ReadUserRange | undefined;
}

/** Files keep in the pod the owners that they have on the disk. */
function ownersOf(users: ReadUserRange): Pick<MountConfig, "uidMappings" | "gidMappings"> {
  return { uidMappings: idMappings(users), gidMappings: idMappings(users) };
}

/** A container as kubelet asks for it. */
export function containerConfig(
  { pod }: PodPlan,
  container: ReadContainer | ReadInitContainer,
  { facts, attempt, image, env, mounts, users }: ContainerParts,
): ContainerConfig {
  const { name, command, args, workingDir, stdin, stdinOnce, tty } = container;
  return {
    metadata: { name, attempt },
    image: { image: image.id, userSpecifiedImage: container.image },
    command: command.map((word) => expand(word, env)),
    args: args.map((word) => expand(word, env)),
    ...(workingDir !== undefined && { workingDir }),
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts: users ? mounts.map((mount) => ({ ...mount, ...ownersOf(users) })) : [...mounts],
    labels: containerLabels(pod, facts.uid, container),
    annotations: containerAnnotations(pod, container, attempt),
    stdin,
    stdinOnce,
    tty,
    linux: {
      resources: containerResources(pod, container, facts.node.memoryBytes),
      securityContext: containerSecurity(pod, container, { image, users }),
    },
  };
}
