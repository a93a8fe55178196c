import type { OwnedContainer } from "../../api/container.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import { containerConfig } from "../translate/container-config.js";
import { buildEnv } from "../translate/env.js";
import { checkNonRoot } from "../translate/non-root.js";
import { containerMounts } from "../volumes/container-mounts.js";
import { obtainImage } from "./obtain-image.js";
import type { PodContext, Sandbox } from "./pod-context.js";
import { atStep } from "./start-failure.js";

export interface MadeContainer {
  readonly container: OwnedContainer;
  /** Where its last words are to be found. */
  readonly messagePath: string;
}

/** Makes, and does not start, one attempt at a container. Throws a `StartFailure`. */
export async function makeContainer(
  context: PodContext,
  spec: ReadContainer | ReadInitContainer,
  { sandbox, attempt, signal }: { sandbox: Sandbox; attempt: number; signal: AbortSignal },
): Promise<MadeContainer> {
  const { cri, plan, volumes, pullPolicy, canRecurse } = context;
  const { pod, facts, hostsPath } = sandbox;
  const handler = plan.pod.spec.runtimeClassName ?? "";
  const { image, pulled } = await atStep("ErrImagePull", signal, () =>
    obtainImage(cri, spec, { pullPolicy, handler, signal }),
  );
  if (pulled) context.tell({ type: "pulled", container: spec.name, image: spec.image });
  const { config, messagePath } = await atStep("CreateContainerConfigError", signal, async () => {
    checkNonRoot(plan.pod, spec, image);
    const env = buildEnv(plan, spec, facts);
    const path = await volumes.messageFile(spec, attempt);
    const mounts = await containerMounts(spec, { volumes, env, hostsPath, messagePath: path, canRecurse });
    return { config: containerConfig(plan, spec, { facts, attempt, image, env, mounts }), messagePath: path };
  });
  const container = await atStep("CreateContainerError", signal, () =>
    pod.createContainer(config, { signal }),
  );
  return { container, messagePath };
}
