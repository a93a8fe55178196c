import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { layerDirectory } from "../state/layer-record.js";
import type { ImageDeps } from "./image-deps.js";

/** Removes layers and blobs that no image, container or pull needs. */
export async function collectImages(deps: ImageDeps): Promise<void> {
  if (deps.pulls.size > 0) return;
  const images = deps.images.list();
  const layers = new Set([...images.flatMap((image) => image.layers), ...deps.layersInUse()]);
  for (const layer of deps.layers.list()) {
    if (!layers.has(layerDirectory(layer))) await deps.layers.remove(layer.id);
  }
  const blobs = new Set(
    images.flatMap((image) => image.blobs.map((digest) => digest.replace("sha256:", ""))),
  );
  const directory = join(deps.paths.blobs, "sha256");
  for (const name of await readdir(directory).catch(() => [])) {
    if (!blobs.has(name)) await rm(join(directory, name), { force: true });
  }
}
