import type { KeyedLock } from "../../async/keyed-lock.js";
import type { Logger } from "../log.js";
import type { ContainerRecord } from "../state/container-record.js";
import type { ImageRecord } from "../state/image-record.js";
import type { LayerClaims } from "../state/layer-claims.js";
import { type LayerRecord, layerDirectory, layerLock } from "../state/layer-record.js";
import type { RecordStore } from "../state/store.js";

export interface CollectDeps {
  images: RecordStore<ImageRecord>;
  layers: RecordStore<LayerRecord>;
  containers: RecordStore<ContainerRecord>;
  layerClaims: LayerClaims;
  locks: KeyedLock;
  log: Logger;
}

/** Removes the layers that no image, container or pull needs. One that cannot be removed waits for the next time. */
export async function collectLayers(deps: CollectDeps): Promise<void> {
  // Nobody knows what layers those stand on that the disk does not give.
  if (deps.images.unreadable.size > 0 || deps.containers.unreadable.size > 0) return;
  const used = layersInUse(deps);
  const unused = deps.layers
    .list()
    .filter((layer) => !used.has(layerDirectory(layer)) && !deps.layerClaims.has(layer.chainId));
  for (const layer of unused) {
    await deps.locks
      .run(layerLock(layer.chainId), () => removeUnused(deps, layer))
      .catch((error) => deps.log.warn("Could not remove a layer", { layer: layer.id, error }));
  }
}

/** A pull may have come to need the layer while this waited for its lock. */
async function removeUnused(deps: CollectDeps, layer: LayerRecord): Promise<void> {
  if (deps.layerClaims.has(layer.chainId) || layersInUse(deps).has(layerDirectory(layer))) return;
  await deps.layers.remove(layer.id);
}

function layersInUse({ images, containers }: CollectDeps): Set<string> {
  return new Set([
    ...images.list().flatMap((image) => image.layers),
    ...containers.list().flatMap(({ image, imageVolumes = [] }) => {
      return [image, ...imageVolumes].flatMap(({ layers }) => layers);
    }),
  ]);
}
