import type { ImageSpec } from "../../proto.js";
import { collectImages } from "./collect.js";
import type { ImageDeps } from "./image-deps.js";
import { requestedImage } from "./status.js";

/** Removes an image with all its names. Absent: done. Containers keep the layers they stand on. */
export async function removeImage(deps: ImageDeps, spec: ImageSpec | undefined): Promise<void> {
  const image = requestedImage(deps, spec);
  if (!image) return;
  await deps.locks.run("image names", () => deps.images.remove(image.id));
  await collectImages(deps);
}
