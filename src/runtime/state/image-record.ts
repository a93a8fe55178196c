import { parseImageRef } from "../../image-ref.js";
import type { RecordStore } from "./store.js";

export interface ImageRecord {
  /** The hex digits of the digest of the image's configuration. */
  id: string;
  /** Completed references with a tag. */
  repoTags: string[];
  /** Completed references with the digest of the manifest that was asked for. */
  repoDigests: string[];
  /** What it takes in a registry: index, manifest, configuration and compressed layers. */
  sizeBytes: number;
  pinned: boolean;
  /** Directories in the layer store, the lowest layer first. */
  layers: string[];
  config: ImageConfig;
  /** RFC 3339. */
  pulledAt: string;
}

/** What an image says of the processes to run from it. */
export interface ImageConfig {
  env: string[];
  entrypoint: string[];
  cmd: string[];
  workingDir: string;
  user: string;
  volumes: string[];
  stopSignal?: string;
  labels: Record<string, string>;
  /** When it was built, as it says itself. RFC 3339. */
  created?: string;
}

/** The version of the record's shape; see `StoreOptions.version`. */
export const imageRecordVersion = 1;

/** Under this lock images get and lose their names, and containers choose the image they stand on. */
export const imageLock = "images";

const shortestIdPrefix = 7;

/** The ID as clients see it, everywhere the same: PullImage's reply, Image.id, ContainerStatus.image_id. */
export function imageRef(image: Pick<ImageRecord, "id">): string {
  return `sha256:${image.id}`;
}

/**
 * The image that a reference names: an ID with or without `sha256:`, an ID prefix of at least seven digits,
 * a tag or a digest. Undefined when there is none, also when the reference cannot be read.
 */
export function findImage(store: RecordStore<ImageRecord>, reference: string): ImageRecord | undefined {
  const hex = /^(?:sha256:)?([a-f0-9]+)$/.exec(reference)?.[1];
  if (hex !== undefined) {
    const exact = store.get(hex);
    if (exact) return exact;
    const matches =
      hex.length >= shortestIdPrefix ? store.list().filter((image) => image.id.startsWith(hex)) : [];
    if (matches.length === 1) return matches[0];
  }
  let parsed: ReturnType<typeof parseImageRef>;
  try {
    parsed = parseImageRef(reference);
  } catch {
    return undefined;
  }
  const { repository, tag, digest } = parsed;
  return store
    .list()
    .find((image) =>
      digest === undefined
        ? image.repoTags.includes(`${repository}:${tag}`)
        : image.repoDigests.includes(`${repository}@${digest}`),
    );
}
