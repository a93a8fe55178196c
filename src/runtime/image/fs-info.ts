import { stat } from "node:fs/promises";

import { create } from "@bufbuild/protobuf";

import { type FilesystemUsage, FilesystemUsageSchema } from "../../proto.js";
import { runCommand } from "../adapters/run-command.js";
import type { DiskUsage, LayerRecord } from "../state/layer-record.js";
import type { ImageDeps } from "./image-deps.js";

export interface FsInfo {
  images: FilesystemUsage;
  containers: FilesystemUsage;
}

/** What images take on their file system, and what containers have written on theirs. */
export async function fsInfo(deps: ImageDeps): Promise<FsInfo> {
  const { layers, containerRecords } = deps.paths;
  const [images, containers] = await Promise.all([imageUsage(deps), measure(containerRecords)]);
  return { images: usageMessage(layers, images), containers: usageMessage(containerRecords, containers) };
}

/** Layers do not change, so each is measured once. kubelet asks every ten seconds. */
async function imageUsage(deps: ImageDeps): Promise<DiskUsage> {
  const total = await ownUsage(deps.paths.layers);
  for (const layer of deps.layers.list()) {
    const usage = layer.usage ?? (await measureLayer(deps, layer));
    total.bytes += usage.bytes;
    total.inodes += usage.inodes;
  }
  return total;
}

async function measureLayer({ layers }: ImageDeps, { id }: LayerRecord): Promise<DiskUsage> {
  const usage = await measure(layers.directory(id));
  // Absent: it was removed meanwhile.
  if (layers.get(id)) await layers.update(id, { usage }).catch(() => {});
  return usage;
}

/** What a directory takes with all below it, hard links once. What comes and goes meanwhile may be missed. */
async function measure(directory: string): Promise<DiskUsage> {
  const [bytes, inodes] = await Promise.all([du("--block-size=1", directory), du("--inodes", directory)]);
  return { bytes, inodes };
}

async function du(unit: string, directory: string): Promise<number> {
  const script = 'du --summarize "$1" "$2" 2>/dev/null || true';
  const { stdout } = await runCommand("sh", ["-c", script, "du", unit, directory]);
  return Number(/^(\d+)\t/.exec(stdout)?.[1] ?? 0);
}

/** What a directory takes itself. */
async function ownUsage(directory: string): Promise<DiskUsage> {
  const { blocks } = await stat(directory);
  return { bytes: blocks * 512, inodes: 1 };
}

function usageMessage(mountpoint: string, { bytes, inodes }: DiskUsage): FilesystemUsage {
  return create(FilesystemUsageSchema, {
    timestamp: BigInt(Date.now()) * 1_000_000n,
    fsId: { mountpoint },
    usedBytes: { value: BigInt(bytes) },
    inodesUsed: { value: BigInt(inodes) },
  });
}
