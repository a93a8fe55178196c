import { stat } from "node:fs/promises";

import { create } from "@bufbuild/protobuf";

import { type FilesystemUsage, FilesystemUsageSchema } from "../../proto.js";
import { type DirectoryUsage, measureDirectories } from "../adapters/disk-usage.js";
import type { LayerRecord } from "../state/layer-record.js";
import type { ImageDeps } from "./image-deps.js";

export interface FsInfo {
  images: FilesystemUsage;
  containers: FilesystemUsage;
}

/** What images take on their file system, and what containers have written on theirs. */
export async function fsInfo(deps: ImageDeps): Promise<FsInfo> {
  const { layers, containerRecords } = deps.paths;
  const [images, containers] = await Promise.all([imageUsage(deps), containerUsage(deps)]);
  return { images: usageMessage(layers, images), containers: usageMessage(containerRecords, containers) };
}

/** Layers do not change, so each is measured once. kubelet asks every ten seconds. */
async function imageUsage(deps: ImageDeps): Promise<DirectoryUsage> {
  const total = await ownUsage(deps.paths.layers);
  const unknown = deps.layers.list().filter(({ usage }) => !usage);
  if (unknown.length > 0) await measureLayers(deps, unknown);
  for (const { usage } of deps.layers.list()) {
    total.bytes += usage?.bytes ?? 0;
    total.inodes += usage?.inodes ?? 0;
  }
  return total;
}

async function measureLayers({ layers }: ImageDeps, unknown: LayerRecord[]): Promise<void> {
  const usages = await measureDirectories(unknown.map(({ id }) => layers.directory(id)));
  for (const { id } of unknown) {
    const usage = usages.get(layers.directory(id));
    if (!usage) continue;
    await layers.update(id, { usage }).catch((error) => {
      // A layer that was removed meanwhile has no record to write.
      if (layers.get(id)) throw error;
    });
  }
}

async function containerUsage({ paths: { containerRecords } }: ImageDeps): Promise<DirectoryUsage> {
  return (await measureDirectories([containerRecords])).get(containerRecords) ?? { bytes: 0, inodes: 0 };
}

/** What a directory takes itself. */
async function ownUsage(directory: string): Promise<DirectoryUsage> {
  const { blocks } = await stat(directory);
  return { bytes: blocks * 512, inodes: 1 };
}

function usageMessage(mountpoint: string, { bytes, inodes }: DirectoryUsage): FilesystemUsage {
  return create(FilesystemUsageSchema, {
    timestamp: BigInt(Date.now()) * 1_000_000n,
    fsId: { mountpoint },
    usedBytes: { value: BigInt(bytes) },
    inodesUsed: { value: BigInt(inodes) },
  });
}
