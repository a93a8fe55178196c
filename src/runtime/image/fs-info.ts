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
  const layers = deps.layers.list();
  const measured = await measureLayers(
    deps,
    layers.filter(({ usage }) => !usage),
  );
  for (const { id, usage = measured.get(deps.layers.directory(id)) } of layers) {
    total.bytes += usage?.bytes ?? 0;
    total.inodes += usage?.inodes ?? 0;
  }
  return total;
}

async function measureLayers({ layers, log }: ImageDeps, unknown: LayerRecord[]) {
  const measured = await measureDirectories(unknown.map(({ id }) => layers.directory(id)));
  for (const { id } of unknown) {
    const usage = measured.get(layers.directory(id));
    // It may have been removed meanwhile. And above all on a full disk the figures must be told.
    if (usage) await layers.update(id, { usage }).catch((error) => log.debug("Usage not kept", { error }));
  }
  return measured;
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
