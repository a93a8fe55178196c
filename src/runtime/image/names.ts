import { type ImageRecord, imageLock } from "../state/image-record.js";
import type { ImageDeps } from "./image-deps.js";

/** What a pull calls an image. */
export interface ImageNames {
  /** Undefined when it was asked for by digest alone. */
  repoTag: string | undefined;
  repoDigest: string;
}

/** Records an image under its names. A tag names one image, so it is taken from the one that had it. */
export function nameImage(deps: ImageDeps, image: ImageRecord, names: ImageNames): Promise<ImageRecord> {
  return deps.locks.run(imageLock, async () => {
    const known = deps.images.get(image.id);
    return putNamed(deps, known ? { ...known, layers: image.layers } : image, names);
  });
}

/** Names an image that is here; undefined when it is not. */
export function nameKnownImage(
  deps: ImageDeps,
  manifestDigest: string,
  names: ImageNames,
): Promise<ImageRecord | undefined> {
  return deps.locks.run(imageLock, async () => {
    const known = deps.images
      .list()
      .find(({ repoDigests }) => repoDigests.some((name) => name.endsWith(`@${manifestDigest}`)));
    return known && putNamed(deps, known, names);
  });
}

async function putNamed(
  { images }: ImageDeps,
  image: ImageRecord,
  { repoTag, repoDigest }: ImageNames,
): Promise<ImageRecord> {
  const named = {
    ...image,
    repoTags: withName(image.repoTags, repoTag),
    repoDigests: withName(image.repoDigests, repoDigest),
  };
  const isNew = !images.get(image.id);
  try {
    await images.put(named);
  } catch (error) {
    if (isNew) await images.remove(image.id);
    throw error;
  }
  for (const other of images.list()) {
    if (repoTag === undefined || other.id === image.id || !other.repoTags.includes(repoTag)) continue;
    await images.update(other.id, { repoTags: other.repoTags.filter((tag) => tag !== repoTag) });
  }
  return named;
}

function withName(names: readonly string[], name: string | undefined): string[] {
  return name === undefined || names.includes(name) ? [...names] : [...names, name];
}
