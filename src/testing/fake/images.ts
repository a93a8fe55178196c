import { createHash } from "node:crypto";

import { create } from "@bufbuild/protobuf";

import { InvalidArgumentError, NotFoundError } from "../../errors.js";
import { parseImageRef } from "../../image-ref.js";
import { type Image, ImageSchema, type ImageService } from "../../proto.js";
import { listParts } from "../../streaming/list-parts.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import type { FakeDeps } from "./deps.js";
import { type FakeImage, type FakeState, findById } from "./state.js";

/**
 * What is in the image of a reference, in completed form (`docker.io/library/nginx:latest`): any text, and the
 * same text is the same image. Undefined: there is no such image.
 */
export type FakeRegistry = (ref: string) => string | undefined;

const dayMs = 86_400_000;

/** The images that are there, and the registry that more come from. */
export class Images {
  readonly #images: FakeState["images"];
  readonly #registry: FakeRegistry;
  #builtAt = Date.UTC(2020, 0, 1);

  constructor({ images }: FakeState, registry: FakeRegistry) {
    this.#images = images;
    this.#registry = registry;
  }

  pull(reference: string): FakeImage {
    const ref = parseImageRef(reference);
    const content = this.#registry(ref.toString());
    if (content === undefined) throw new NotFoundError(`${ref}: not found in its registry`);
    const digest = ref.digest ?? `sha256:${sha256(`manifest ${content}`)}`;
    const id = `sha256:${sha256(content)}`;
    const image = this.#images.get(id) ?? this.#build(id, content);
    this.#images.set(id, image);
    if (ref.tag !== undefined) this.#moveTag(`${ref.repository}:${ref.tag}`, image);
    image.repoDigests.add(`${ref.repository}@${digest}`);
    return image;
  }

  /** By name, digest, ID or a prefix of that. */
  find(reference: string): FakeImage | undefined {
    if (reference === "")
      throw new InvalidArgumentError("image.image is empty: name an image", { field: "image.image" });
    if (/^(sha256:)?[0-9a-f]{8,64}$/.test(reference)) {
      const found = findById(
        this.#images,
        reference.startsWith("sha256:") ? reference : `sha256:${reference}`,
      );
      if (found) return found;
    }
    if (/^(sha256:)?[0-9a-f]{64}$/.test(reference)) return undefined;
    const name = parseImageRef(reference).toString();
    return [...this.#images.values()].find(
      ({ repoTags, repoDigests }) => repoTags.has(name) || repoDigests.has(name),
    );
  }

  remove(reference: string): void {
    const image = this.find(reference);
    if (image) this.#images.delete(image.id);
  }

  list(): FakeImage[] {
    return [...this.#images.values()];
  }

  #build(id: string, content: string): FakeImage {
    this.#builtAt += dayMs;
    return {
      id,
      repoTags: new Set(),
      repoDigests: new Set(),
      sizeBytes: Math.max(1, Buffer.byteLength(content)),
      builtAt: new Date(this.#builtAt),
    };
  }

  #moveTag(tag: string, to: FakeImage): void {
    for (const image of this.#images.values()) image.repoTags.delete(tag);
    to.repoTags.add(tag);
  }
}

/** The ImageService. */
export function imageRpcs({ state, images }: FakeDeps) {
  const list = (reference = "") => {
    if (reference === "") return images.list().map(imageMessage);
    const image = images.find(reference);
    return image ? [imageMessage(image)] : [];
  };
  return {
    listImages: ({ filter }) => ({ images: list(filter?.image?.image) }),
    async *streamImages({ filter }) {
      for (const part of listParts(ImageSchema, list(filter?.image?.image))) yield { images: part };
    },
    imageStatus({ image, verbose }) {
      const found = images.find(image?.image ?? "");
      return found ? { image: imageMessage(found), info: verbose ? imageInfo(found) : {} } : {};
    },
    pullImage: ({ image }) => ({ imageRef: images.pull(image?.image ?? "").id }),
    removeImage({ image }) {
      images.remove(image?.image ?? "");
      return {};
    },
    imageFsInfo() {
      const bytes = images.list().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const usage = {
        timestamp: state.now(),
        fsId: { mountpoint: "/fake" },
        usedBytes: { value: BigInt(bytes) },
        inodesUsed: { value: BigInt(images.list().length) },
      };
      return { imageFilesystems: [usage], containerFilesystems: [usage] };
    },
  } satisfies Partial<Rpcs<typeof ImageService>>;
}

function imageInfo({ builtAt }: FakeImage): Record<string, string> {
  return { info: JSON.stringify({ imageSpec: { created: builtAt.toISOString() } }) };
}

function imageMessage({ id, repoTags, repoDigests, sizeBytes }: FakeImage): Image {
  return create(ImageSchema, {
    id,
    repoTags: [...repoTags],
    repoDigests: [...repoDigests],
    size: BigInt(sizeBytes),
  });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
