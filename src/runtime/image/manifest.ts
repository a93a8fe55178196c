import { createHash } from "node:crypto";

import { CriError, NotFoundError } from "../../errors.js";

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { os: string; architecture: string };
}

/** A manifest of one platform, in OCI's or Docker's form. */
export interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

interface Index {
  manifests: Descriptor[];
}

export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/**
 * The manifest in a document; or, where the document is an index of several platforms, the descriptor of the
 * one for this host.
 */
export function readManifest(
  raw: string,
  architecture: string,
): { manifest: Manifest } | { entry: Descriptor } {
  const document: Partial<Manifest & Index> & { schemaVersion?: number } = JSON.parse(raw);
  if (document.manifests) return { entry: chooseEntry(document.manifests, architecture) };
  if (document.config && document.layers) {
    return { manifest: { config: document.config, layers: document.layers } };
  }
  throw new CriError("failed_precondition", "The manifest is neither OCI's nor Docker's schema 2");
}

function chooseEntry(entries: Descriptor[], architecture: string): Descriptor {
  const fits = entries.find(
    ({ platform }) => !platform || (platform.os === "linux" && platform.architecture === architecture),
  );
  if (fits) return fits;
  const offered = entries.map(({ platform }) => `${platform?.os}/${platform?.architecture}`).join(", ");
  throw new NotFoundError(`The image has no variant for linux/${architecture}, only for ${offered}`);
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
