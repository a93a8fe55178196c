import { open, stat } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "../run-command.js";
import type { LayerBlob } from "./layer-blob.js";

/** A layer as umoci can read it. */
export interface ReadableLayer {
  file: string;
  mediaType: string;
  digest: string;
  size: number;
}

const tarType = "application/vnd.oci.image.layer.v1.tar";

/**
 * umoci knows plain and gzip archives: a layer in zstd becomes a plain one, whose digest is the diff ID. What
 * it is, its first bytes tell: the media types of archives made by `docker save` say gzip where there is none.
 */
export async function readableLayer(
  layer: LayerBlob,
  { zstd, directory, signal }: { zstd: string; directory: string; signal?: AbortSignal | undefined },
): Promise<ReadableLayer> {
  const { file, digest, size, diffId } = layer;
  const start = await firstBytes(file);
  if (start.startsWith("1f8b")) return { file, digest, size, mediaType: `${tarType}+gzip` };
  if (start !== "28b52ffd") return { file, digest, size, mediaType: tarType };
  const plain = join(directory, "layer.tar");
  await runCommand(zstd, ["--decompress", "--quiet", "--long=31", file, "-o", plain], { signal });
  return { file: plain, digest: diffId, size: (await stat(plain)).size, mediaType: tarType };
}

async function firstBytes(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString("hex", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
