import type { OwnedContainer } from "../../api/container.js";
import type { Image } from "../../api/images/image.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import { containerConfig } from "../translate/container-config.js";
import { buildEnv } from "../translate/env.js";
import { checkNonRoot } from "../translate/non-root.js";
import { pullCredentials } from "../translate/pull-credentials.js";
import { containerMounts, type VolumeImage } from "../volumes/container-mounts.js";
import { obtainImage, type WantedImage } from "./obtain-image.js";
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
  const { cri, plan, volumes, users, pullPolicy, canRecurse } = context;
  const { pod, facts, hostsPath } = sandbox;
  const handler = plan.pod.spec.runtimeClassName ?? "";
  const obtain = async (wanted: WantedImage) => {
    const auth = pullCredentials(plan, wanted.reference);
    const { image, pulled } = await obtainImage(cri, wanted, { pullPolicy, handler, auth, signal });
    if (pulled) context.tell({ type: "pulled", container: spec.name, image: wanted.reference });
    return image;
  };
  const { image, images } = await atStep("ErrImagePull", signal, async () => ({
    image: await obtain({ reference: spec.image, pullPolicy: spec.imagePullPolicy }),
    images: await obtainVolumeImages(plan.pod, spec, obtain),
  }));
  const { config, messagePath } = await atStep("CreateContainerConfigError", signal, async () => {
    checkNonRoot(plan.pod, spec, image);
    const env = buildEnv(plan, spec, facts);
    const path = await volumes.messageFile(spec, attempt);
    const mounts = await containerMounts(spec, {
      volumes,
      images,
      env,
      hostsPath,
      messagePath: path,
      canRecurse,
    });
    const parts = { facts, attempt, image, env, mounts, users };
    return { config: containerConfig(plan, spec, parts), messagePath: path };
  });
  const container = await atStep("CreateContainerError", signal, () =>
    pod.createContainer(config, { signal }),
  );
  return { container, messagePath };
}

/** The images of the volumes that a container mounts, by the names of the volumes. */
async function obtainVolumeImages(
  { spec }: ReadPod,
  { volumeMounts }: ReadContainer | ReadInitContainer,
  obtain: (wanted: WantedImage) => Promise<Image>,
): Promise<Map<string, VolumeImage>> {
  const images = new Map<string, VolumeImage>();
  for (const { name, image } of spec.volumes) {
    if (!image || !volumeMounts.some((mount) => mount.name === name)) continue;
    images.set(name, { id: (await obtain(image)).id, reference: image.reference });
  }
  return images;
}
