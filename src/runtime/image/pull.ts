import { InvalidArgumentError } from "../../errors.js";
import { type ImageRef, parseImageRef } from "../../image-ref.js";
import { imageSource } from "../../image-source.js";
import type { AuthConfig, ImageSpec } from "../../proto.js";
import type { Access } from "../adapters/skopeo/skopeo.js";
import { collectLayers } from "../lifecycle/collect-layers.js";
import type { ImageRecord } from "../state/image-record.js";
import { readCredentials } from "./credentials.js";
import { fetchLayers } from "./fetch-layers.js";
import { readImageConfig } from "./image-config.js";
import type { ImageDeps } from "./image-deps.js";
import { type ImageNames, nameImage, nameKnownImage } from "./names.js";
import { refetchDamaged } from "./refetch.js";
import { type ResolvedImage, resolveImage, resolveTop } from "./resolve.js";

export interface PullRequest {
  image: ImageSpec | undefined;
  auth?: AuthConfig | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Brings an image from its registry, or from the local file that its annotation names, and unpacks it. Every
 * caller shows its own right to the manifest; those who need the same layers then share the work.
 */
export async function pullImage(deps: ImageDeps, request: PullRequest): Promise<ImageRecord> {
  const { ref, local } = readRequest(request);
  const access: Access = {
    credentials: readCredentials(request.auth, ref.domain),
    insecure: isLoopback(ref.domain) || deps.insecureRegistries.includes(ref.domain),
    signal: request.signal,
  };
  const top = await resolveTop(deps, ref, local, access);
  const names: ImageNames = {
    repoDigest: `${ref.repository}@${top.digest}`,
    // Beside a digest a tag says nothing: it may name another image by now.
    repoTag: ref.digest === undefined ? `${ref.repository}:${ref.tag}` : undefined,
  };
  // Whether a signature is good depends on the repository too, which the known image may not come from.
  const known = deps.verifiesSignatures ? undefined : await nameKnownImage(deps, top.digest, names);
  if (known) return known;
  const image = await refetchDamaged(deps.log, top.source, () => resolveImage(deps, top, access));
  return bringImage(deps, image, names, access);
}

async function bringImage(
  deps: ImageDeps,
  image: ResolvedImage,
  names: ImageNames,
  access: Access,
): Promise<ImageRecord> {
  const release = deps.layerClaims.hold(image.layers.map(({ chainId }) => chainId));
  try {
    const layers = await deps.fetches.run(
      `${image.source} ${image.id}`,
      (signal) => fetchLayers(deps, image, { ...access, signal }),
      access.signal,
    );
    return await nameImage(deps, newRecord(image, layers), names);
  } finally {
    release();
    await collectLayers(deps);
  }
}

function newRecord({ id, sizeBytes, config }: ResolvedImage, layers: string[]): ImageRecord {
  return {
    id,
    repoTags: [],
    repoDigests: [],
    sizeBytes,
    pinned: false,
    layers,
    config: readImageConfig(config),
    pulledAt: new Date().toISOString(),
  };
}

function readRequest({ image }: PullRequest): { ref: ImageRef; local: string | undefined } {
  if (!image) throw new InvalidArgumentError("image is missing", { field: "image" });
  if (image.image === "") throw new InvalidArgumentError("image.image is empty", { field: "image.image" });
  return { ref: parseImageRef(image.image), local: imageSource(image.annotations) };
}

function isLoopback(domain: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(domain);
}
