import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "../run-command.js";

export interface LayerBlob {
  /** The compressed layer's file. */
  file: string;
  mediaType: string;
  /** Of the compressed layer: `sha256:...`. */
  digest: string;
  size: number;
  /** Of the layer's tar archive, as the image's configuration lists it. */
  diffId: string;
}

/** Unpacks layers with their ownership, modes, attributes, links and whiteouts. */
export interface Umoci {
  /**
   * Unpacks one layer onto a directory, which may be a mount of what lies below it: what it deletes
   * appears there as whiteouts. Both of the layer's digests are verified.
   */
  unpackLayer(
    layer: LayerBlob,
    target: string,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<void>;
}

export function createUmoci(options: { path: string; temporaryDirectory: string }): Umoci {
  return {
    async unpackLayer(layer, target, { signal } = {}) {
      const layout = await mkdtemp(join(options.temporaryDirectory, "umoci-"));
      try {
        await writeOneLayerLayout(layout, layer);
        await runCommand(options.path, ["raw", "unpack", "--image", `${layout}:layer`, target], { signal });
      } finally {
        await rm(layout, { recursive: true, force: true });
      }
    },
  };
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";

/** umoci unpacks whole images, so the layer becomes an image of its own. */
async function writeOneLayerLayout(layout: string, layer: LayerBlob): Promise<void> {
  const blobs = join(layout, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  await symlink(layer.file, join(blobs, hexOf(layer.digest)));
  const config = await writeBlob(blobs, {
    architecture: "unknown",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
  });
  const manifest = await writeBlob(blobs, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, ...config },
    layers: [{ mediaType: layer.mediaType, digest: layer.digest, size: layer.size }],
  });
  const reference = {
    mediaType: manifestType,
    ...manifest,
    annotations: { "org.opencontainers.image.ref.name": "layer" },
  };
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [reference] }));
  await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

async function writeBlob(directory: string, content: object): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await writeFile(join(directory, hexOf(digest)), bytes);
  return { digest, size: bytes.length };
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}
