import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CommandError, runCommand } from "../run-command.js";
import { untilParentDies } from "../until-parent-dies.js";
import type { LayerBlob } from "./layer-blob.js";
import { type ReadableLayer, readableLayer } from "./readable-layer.js";
import { unpackError } from "./umoci-error.js";

/** Unpacks layers with their ownership, modes, attributes, links and whiteouts. */
export interface Umoci {
  /**
   * Unpacks one layer onto a directory, which may be a mount of what lies below it: what it deletes
   * appears there as whiteouts. The layer's digests are verified: a damaged one is an error with the code
   * `data_loss`. What was unpacked until an error or abort stays.
   */
  unpackLayer(
    layer: LayerBlob,
    target: string,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<void>;
}

export interface UmociOptions {
  path: string;
  zstd: string;
  /** For what a call needs while it runs. */
  temporaryDirectory: string;
}

export function createUmoci({ path, zstd, temporaryDirectory }: UmociOptions): Umoci {
  return {
    async unpackLayer(layer, target, { signal } = {}) {
      const directory = await mkdtemp(join(temporaryDirectory, "umoci-"));
      const layout = join(directory, "layout");
      try {
        const readable = await readableLayer(layer, { zstd, directory, signal });
        await writeOneLayerLayout(layout, readable, layer.diffId);
        const command = [path, "raw", "unpack", "--image", `${layout}:layer`, target];
        await runCommand(...untilParentDies(command), { signal });
      } catch (error) {
        throw error instanceof CommandError ? unpackError(error, layer.digest) : error;
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";

/** umoci unpacks whole images, so the layer becomes an image of its own. */
async function writeOneLayerLayout(layout: string, layer: ReadableLayer, diffId: string): Promise<void> {
  const blobs = join(layout, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  await symlink(layer.file, join(blobs, hexOf(layer.digest)));
  const config = await writeBlob(blobs, {
    architecture: "unknown",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [diffId] },
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
