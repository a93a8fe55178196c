import { CriError } from "../../errors.js";
import type { ImageRef } from "../../image-ref.js";
import type { Access } from "../adapters/skopeo/skopeo.js";
import type { ConfigBlob } from "./image-config.js";
import type { ImageDeps } from "./image-deps.js";
import { readLayoutBlob } from "./local-layout.js";
import { chainIds, type Descriptor, digestOf, type Manifest, readManifest } from "./manifest.js";
import { chooseEntry } from "./platform.js";

/** The document that a reference leads to: a manifest, or an index of several. */
export interface TopManifest {
  source: string;
  raw: string;
  digest: string;
}

/** Everything about an image but the content of its layers. */
export interface ResolvedImage {
  /** The hex digits of the digest of its configuration. */
  id: string;
  /** The manifest of this platform, as skopeo names it. */
  source: string;
  sizeBytes: number;
  config: ConfigBlob;
  /** The lowest first. */
  layers: ResolvedLayer[];
}

export interface ResolvedLayer extends Descriptor {
  diffId: string;
  chainId: string;
}

/** Reads what the reference leads to, once: from then on the image is asked for by digest. */
export async function resolveTop(
  deps: ImageDeps,
  ref: ImageRef,
  local: string | undefined,
  access: Access,
): Promise<TopManifest> {
  const source = local ?? `docker://${ref.repository}${ref.digest ? `@${ref.digest}` : `:${ref.tag}`}`;
  const raw = await deps.skopeo.inspectRaw(source, access);
  const digest = digestOf(raw);
  if (ref.digest?.startsWith("sha256:") && ref.digest !== digest) {
    throw new CriError("data_loss", `${local ?? ref.domain} gave ${digest} for ${ref}`);
  }
  return { source: local ?? `docker://${ref.repository}@${digest}`, raw, digest };
}

/** Finds the image of this host's platform and reads its configuration. */
export async function resolveImage(
  deps: ImageDeps,
  top: TopManifest,
  access: Access,
): Promise<ResolvedImage> {
  const { source, manifest, sizeBytes } = await choosePlatform(deps, top, access);
  const rawConfig = await deps.skopeo.inspectConfig(source, access);
  if (digestOf(rawConfig) !== manifest.config.digest) {
    throw new CriError("data_loss", `The configuration of ${source} is not what its manifest says`);
  }
  const config: ConfigBlob = JSON.parse(rawConfig);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new CriError(
      "failed_precondition",
      `The image has ${manifest.layers.length} layers and its configuration lists ${diffIds.length}`,
    );
  }
  const chain = chainIds(diffIds);
  return {
    id: manifest.config.digest.replace("sha256:", ""),
    source,
    sizeBytes: [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, sizeBytes),
    config,
    layers: manifest.layers.map((layer, index) => ({
      ...layer,
      diffId: diffIds[index] ?? "",
      chainId: chain[index] ?? "",
    })),
  };
}

/** Follows an index to the manifest of this host's platform. Indexes may be nested. */
async function choosePlatform(
  deps: ImageDeps,
  { source, raw }: { source: string; raw: string },
  access: Access,
  sizeBytes = 0,
): Promise<{ source: string; manifest: Manifest; sizeBytes: number }> {
  const document = readManifest(raw);
  const size = sizeBytes + Buffer.byteLength(raw);
  if ("config" in document) return { source, manifest: document, sizeBytes: size };
  const entry = chooseEntry(document.manifests, deps.architecture);
  if (!source.startsWith("docker://")) {
    // From here on skopeo chooses the platform, and the configuration's digest shows that it chose the same.
    const below = await readLayoutBlob(source, entry.digest);
    return choosePlatform(deps, { source, raw: below }, access, size);
  }
  const below = `${source.slice(0, source.lastIndexOf("@"))}@${entry.digest}`;
  return choosePlatform(
    deps,
    { source: below, raw: await deps.skopeo.inspectRaw(below, access) },
    access,
    size,
  );
}
