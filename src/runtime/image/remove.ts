import type { ImageSpec } from "../../proto.js";
import { collectLayers } from "../lifecycle/collect-layers.js";
import { imageLock } from "../state/image-record.js";
import type { ImageDeps } from "./image-deps.js";
import { requestedImage } from "./status.js";

/** Removes an image with all its names. Absent: done. Containers keep the layers they stand on. */
export async function removeImage(deps: ImageDeps, spec: ImageSpec | undefined): Promise<void> {
  await deps.locks.run(imageLock, async () => {
    const image = requestedImage(deps, spec);
    if (image) await deps.images.remove(image.id);
  });
  await collectLayers(deps);
}
