import { stat } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "../run-command.js";
import type { LayerBlob } from "./layer-blob.js";

/** umoci knows plain and gzip archives: a layer in zstd becomes a plain one, whose digest is the diff ID. */
export async function readableLayer(
  layer: LayerBlob,
  { zstd, directory, signal }: { zstd: string; directory: string; signal?: AbortSignal | undefined },
): Promise<LayerBlob> {
  if (!/zstd$/.test(layer.mediaType)) return layer;
  const file = join(directory, "layer.tar");
  await runCommand(zstd, ["--decompress", "--quiet", "--long=31", layer.file, "-o", file], { signal });
  const mediaType = "application/vnd.oci.image.layer.v1.tar";
  return { ...layer, file, mediaType, digest: layer.diffId, size: (await stat(file)).size };
}
