import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { unmountBelow } from "../adapters/mounts.js";
import { type ImageRecord, imageRecordVersion } from "../state/image-record.js";
import { type LayerRecord, layerDirectory, layerRecordVersion } from "../state/layer-record.js";
import { RecordStore } from "../state/store.js";
import type { ImagePaths } from "./image-deps.js";

export interface ImageStores {
  images: RecordStore<ImageRecord>;
  layers: RecordStore<LayerRecord>;
}

/** Opens the stores at start and sweeps what a pull that was cut short has left. */
export async function openImageStores(paths: ImagePaths & { imageRecords: string }): Promise<ImageStores> {
  const images = await RecordStore.open<ImageRecord>({
    directory: paths.imageRecords,
    kind: "image",
    version: imageRecordVersion,
    durable: true,
  });
  const layers = await RecordStore.open<LayerRecord>({
    directory: paths.layers,
    kind: "layer",
    version: layerRecordVersion,
  });
  for (const id of images.incomplete) await rm(join(paths.imageRecords, id), { recursive: true });
  for (const id of layers.incomplete) {
    const directory = join(paths.layers, id);
    await unmountBelow(directory);
    await rm(directory, { recursive: true });
  }
  await rm(paths.temporary, { recursive: true, force: true });
  await mkdir(paths.temporary, { recursive: true, mode: 0o700 });
  await dropIncompleteImages({ images: images.store, layers: layers.store });
  return { images: images.store, layers: layers.store };
}

/** An image without all its layers, as a damaged disk may leave it, is to be pulled again. */
async function dropIncompleteImages({ images, layers }: ImageStores): Promise<void> {
  const present = new Set(layers.list().map(layerDirectory));
  for (const image of images.list()) {
    if (!image.layers.every((directory) => present.has(directory))) await images.remove(image.id);
  }
}
