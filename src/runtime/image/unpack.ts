import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { withRollback } from "../../async/rollback.js";
import type { LayerBlob } from "../adapters/umoci/umoci.js";
import { findLayer, type LayerRecord, layerDirectory } from "../state/layer-record.js";
import type { ImageDeps } from "./image-deps.js";

/** Unpacks an image's layers, the lowest first, and gives their directories. Layers that are there are shared. */
export async function unpackLayers(
  deps: ImageDeps,
  layers: { chainId: string; blob: LayerBlob }[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const below: string[] = [];
  for (const { chainId, blob } of layers) {
    const layer = await deps.locks.run(`layer ${chainId}`, async () => {
      signal?.throwIfAborted();
      return findLayer(deps.layers, chainId) ?? (await unpackLayer(deps, { chainId, blob, below, signal }));
    });
    below.push(layerDirectory(layer));
  }
  return below;
}

interface NewLayer {
  chainId: string;
  blob: LayerBlob;
  below: readonly string[];
  signal: AbortSignal | undefined;
}

/** The record is written last: a directory without one is half unpacked and swept at the next start. */
async function unpackLayer(
  deps: ImageDeps,
  { chainId, blob, below, signal }: NewLayer,
): Promise<LayerRecord> {
  const layer: LayerRecord = { id: await claimDirectory(deps), chainId };
  const directory = deps.layers.directory(layer.id);
  const files = join(directory, "fs");
  return withRollback(
    async (rollback) => {
      rollback.add("remove the layer's directory", () => deps.layers.remove(layer.id));
      await mkdir(files);
      if (below.length === 0) {
        await deps.umoci.unpackLayer(blob, files, { signal });
      } else {
        const target = join(directory, "merged");
        const work = join(directory, "work");
        rollback.add("unmount the layer", () => deps.overlay.unmount(target));
        await deps.overlay.mount({ store: deps.paths.layers, layers: below, upper: files, work, target });
        await deps.umoci.unpackLayer(blob, target, { signal });
        await deps.overlay.unmount(target);
        for (const scratch of [target, work]) await rm(scratch, { recursive: true });
      }
      await deps.layers.put(layer);
      return layer;
    },
    (failures) => deps.log.error("layer could not be undone", { layer: layer.id, failures }),
  );
}

/** Names are counted up in base 36; making the directory claims the name. */
async function claimDirectory(deps: ImageDeps): Promise<string> {
  const used = deps.layers.list().map((layer) => Number.parseInt(layer.id, 36));
  for (let next = Math.max(0, ...used) + 1; ; next++) {
    const id = next.toString(36);
    const claimed = await mkdir(join(deps.paths.layers, id), { mode: 0o700 }).then(
      () => true,
      (error) => {
        if (error.code === "EEXIST") return false;
        throw error;
      },
    );
    if (claimed) return id;
  }
}
