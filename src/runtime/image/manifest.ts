import { createHash } from "node:crypto";

import { CriError } from "../../errors.js";

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { os: string; architecture: string; variant?: string };
  annotations?: Record<string, string>;
}

/** A manifest of one platform, in OCI's or Docker's form. */
export interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

/** Manifests of several platforms, or of indexes. */
export interface Index {
  manifests: Descriptor[];
}

const configTypes = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];

const layerType =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.gzip|\.zstd)?)$/;

export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** Reads a manifest or an index. Throws when it is neither, or describes something that is no image. */
export function readManifest(raw: string): Manifest | Index {
  const document = parseDocument(raw);
  if (document.manifests) return { manifests: document.manifests };
  const { config, layers } = document;
  if (!config || !layers) throw refusal("The manifest is neither OCI's nor Docker's schema 2");
  if (!configTypes.includes(config.mediaType)) {
    throw refusal(`The manifest is no container image: its configuration is of type ${config.mediaType}`);
  }
  for (const { digest, mediaType } of layers) {
    if (!digest.startsWith("sha256:")) throw refusal(`Layer ${digest} has a digest that is not SHA-256`);
    if (!layerType.test(mediaType)) {
      throw refusal(`Layer ${digest} is of type ${mediaType}: tar archives, also gzip and zstd, are served`);
    }
  }
  return { config, layers };
}

function parseDocument(raw: string): Partial<Manifest & Index> {
  try {
    return JSON.parse(raw);
  } catch (cause) {
    throw new CriError("failed_precondition", "The manifest is not JSON", { cause });
  }
}

function refusal(message: string): CriError {
  return new CriError("failed_precondition", message);
}

/** The chain ID of each layer: a digest of its content and of all layers below it. */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
