import type { RecordStore } from "./store.js";

/** One unpacked layer. Its files are in `fs` beside the record. */
export interface LayerRecord {
  /** A short name: the kernel takes no more than one page of mount options, and they list every layer. */
  id: string;
  /** The digest of this layer's content and all below it: equal chains share their directories. */
  chainId: string;
  /** What its directory takes on disk; unknown until somebody asked. Layers do not change. */
  usage?: DiskUsage | undefined;
}

export interface DiskUsage {
  bytes: number;
  inodes: number;
}

/** The version of the record's shape; see `StoreOptions.version`. */
export const layerRecordVersion = 1;

/** The directory of a layer's files, relative to the store of layers. */
export function layerDirectory(layer: LayerRecord): string {
  return `${layer.id}/fs`;
}

export function findLayer(store: RecordStore<LayerRecord>, chainId: string): LayerRecord | undefined {
  return store.list().find((layer) => layer.chainId === chainId);
}

/** Under this lock a layer is looked for, unpacked and removed. */
export function layerLock(chainId: string): string {
  return `layer ${chainId}`;
}
