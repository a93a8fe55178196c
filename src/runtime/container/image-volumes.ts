import { lstat } from "node:fs/promises";

import { CriError, NotFoundError } from "../../errors.js";
import type { ContainerConfig } from "../../proto.js";
import type { Owners } from "../adapters/overlay/overlay.js";
import { resolveInside } from "../adapters/rootfs/read-inside.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import type { ContainerRecord, ImageVolume } from "../state/container-record.js";
import { findImage, imageRef } from "../state/image-record.js";

/** The images that a container wants mounted, as they are now. Throws when one is not here. */
export function chooseImageVolumes(
  { images }: RuntimeDeps,
  { config, field: ofConfig }: { config: ContainerConfig; field: string },
): ImageVolume[] {
  return config.mounts.flatMap(({ image: asked }, mount) => {
    if (!asked) return [];
    const field = `${ofConfig}.mounts[${mount}].image.image`;
    const reference = required(asked.image, field);
    const image = findImage(images, reference);
    if (!image) throw new NotFoundError(`${field} is ${reference}, which is not here: pull it first`);
    return [{ mount, id: imageRef(image), layers: image.layers }];
  });
}

/** Mounts each where the container's bundle is; into the container they come as any directory of the host. */
export async function mountImageVolumes(
  deps: RuntimeDeps,
  { id, imageVolumes = [], selinux }: Pick<ContainerRecord, "id" | "imageVolumes" | "selinux">,
  owners: Owners | undefined,
): Promise<void> {
  for (const { mount, layers } of imageVolumes) {
    const target = deps.paths.container(id).imageVolume(mount);
    if (deps.overlay.isMounted(target)) continue;
    const [store, label] = [deps.paths.layers, selinux?.file];
    await deps.overlay.mountReadOnly({ store, layers, target, owners, label });
  }
}

/** The directory of a mounted image that a mount asks for. Links in it count as in the image: none leads outside. */
export async function imageVolumeSource(
  root: string,
  config: ContainerConfig,
  mount: number,
): Promise<string> {
  const subPath = config.mounts[mount]?.imageSubPath ?? "";
  const path = await resolveInside(root, subPath);
  if (path !== undefined && (await lstat(path)).isDirectory()) return path;
  throw new CriError(
    "image_volume_mount_failed",
    `config.mounts[${mount}].image_sub_path is "${subPath}", and the image has no such directory`,
  );
}
