import type { RecordStore } from "./store.js";

/** One unpacked layer. Its files are in `fs` beside the record. */
export interface LayerRecord {
  /** A short name: the kernel takes no more than one page of mount options, and they list every layer. */
  id: string;
  /** The digest of this layer's content and all below it: equal chains share their directories. */
  chainId: string;
}

/** The directory of a layer's files, relative to the store of layers. */
export function layerDirectory(layer: LayerRecord): string {
  return `${layer.id}/fs`;
}

export function findLayer(store: RecordStore<LayerRecord>, chainId: string): LayerRecord | undefined {
  return store.list().find((layer) => layer.chainId === chainId);
}
