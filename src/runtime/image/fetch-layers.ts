import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../errors.js";
import type { Access } from "../adapters/skopeo/skopeo.js";
import { findLayer, layerDirectory, layerLock } from "../state/layer-record.js";
import type { ImageDeps } from "./image-deps.js";
import { refetchDamaged } from "./refetch.js";
import type { ResolvedImage } from "./resolve.js";
import { syncLayers, unpackLayers } from "./unpack.js";

/**
 * Sees to it that all of an image's layers are there, and gives their directories, the lowest first. The
 * caller holds a claim on them. A layer that was damaged on its way is fetched once more.
 */
export async function fetchLayers(deps: ImageDeps, image: ResolvedImage, access: Access): Promise<string[]> {
  await refetchDamaged(deps.log, image.source, async () => {
    const missing = await findMissing(deps, image);
    if (missing.size > 0 || deps.verifiesSignatures) await copyAndUnpack(deps, image, missing, access);
  });
  return image.layers.map(({ chainId }) => {
    const layer = findLayer(deps.layers, chainId);
    if (!layer) throw new CriError("internal", `Layer ${chainId} is not there although a pull needs it`);
    return layerDirectory(layer);
  });
}

/** The digests of layers to fetch. One that is being removed counts as gone. */
async function findMissing({ layers, locks }: ImageDeps, image: ResolvedImage): Promise<Set<string>> {
  const missing = new Set<string>();
  for (const { chainId, digest } of image.layers) {
    const found = await locks.run(layerLock(chainId), async () => findLayer(layers, chainId));
    if (!found) missing.add(digest);
  }
  return missing;
}

/** All happens in a directory of its own, so that a pull cut short at any point leaves nothing to others. */
async function copyAndUnpack(
  deps: ImageDeps,
  image: ResolvedImage,
  missing: ReadonlySet<string>,
  access: Access,
): Promise<void> {
  const layout = await mkdtemp(join(deps.paths.temporary, "pull-"));
  const blobs = join(layout, "blobs", "sha256");
  const blobFile = (digest: string) => join(blobs, digest.replace("sha256:", ""));
  try {
    await mkdir(blobs, { recursive: true });
    // skopeo does not fetch what has a file, so the layers that are there get an empty one.
    for (const { digest } of image.layers) if (!missing.has(digest)) await writeFile(blobFile(digest), "");
    await deps.skopeo.copy(image.source, layout, access);
    const layers = image.layers.map((layer) => ({
      chainId: layer.chainId,
      blob: { ...layer, file: blobFile(layer.digest) },
    }));
    await unpackLayers(deps, layers, access.signal);
    await syncLayers(deps, access.signal);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}
