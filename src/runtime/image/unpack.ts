import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { withRollback } from "../../async/rollback.js";
import { runCommand } from "../adapters/run-command.js";
import type { LayerBlob } from "../adapters/umoci/layer-blob.js";
import { findLayer, type LayerRecord, layerDirectory, layerLock } from "../state/layer-record.js";
import type { ImageDeps } from "./image-deps.js";

/** Unpacks an image's layers, the lowest first. Layers that are there, or being unpacked by others, are shared. */
export async function unpackLayers(
  deps: ImageDeps,
  layers: { chainId: string; blob: LayerBlob }[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const below: string[] = [];
  for (const { chainId, blob } of layers) {
    const unpack = async () =>
      findLayer(deps.layers, chainId) ?? unpackLayer(deps, { chainId, blob, below, signal });
    below.push(layerDirectory(await deps.locks.run(layerLock(chainId), unpack, signal)));
  }
}

/** Waits for the disk. Images are recorded durably, so the files must not come later than the record. */
export async function syncLayers(deps: ImageDeps, signal: AbortSignal | undefined): Promise<void> {
  await runCommand("sync", ["--file-system", deps.paths.layers], { signal });
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
      await chmod(files, 0o755);
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
