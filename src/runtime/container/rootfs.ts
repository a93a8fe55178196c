import type { Owners } from "../adapters/overlay/overlay.js";
import type { RuntimeDeps } from "../deps.js";
import { makeDirectory } from "../make-directory.js";
import { openToUsers } from "../open-to-users.js";
import type { ContainerRecord } from "../state/container-record.js";
import { mountImageVolumes } from "./image-volumes.js";

type Mounted = Pick<ContainerRecord, "id" | "imageVolumes" | "ownerMapping" | "sandboxId" | "selinux"> & {
  image: { layers: string[] };
};

/** Mounts what is not mounted yet: the image's layers with the container's own on top, and the images in it. */
export async function mountFiles(deps: RuntimeDeps, record: Mounted): Promise<void> {
  const { id, image, selinux } = record;
  const { rootfs, upper, work, directory } = deps.paths.container(id);
  const owners = ownersOf(deps, record);
  if (!deps.overlay.isMounted(rootfs)) {
    await makeDirectory(rootfs, { mode: 0o700 });
    if (owners) await openToUsers(directory, owners.ids);
    const [store, label] = [deps.paths.layers, selinux?.file];
    await deps.overlay.mount({ store, layers: image.layers, upper, work, target: rootfs, owners, label });
  }
  await mountImageVolumes(deps, record, owners);
}

function ownersOf(
  { sandboxes }: Pick<RuntimeDeps, "sandboxes">,
  { sandboxId, ownerMapping: by }: Pick<Mounted, "sandboxId" | "ownerMapping">,
): Owners | undefined {
  const ids = sandboxes.get(sandboxId)?.userns;
  return ids && by && { ids, by };
}
