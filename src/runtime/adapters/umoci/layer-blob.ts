/** A layer as it came from the registry. */
export interface LayerBlob {
  /** The archive's file: plain, or compressed with gzip or zstd. */
  file: string;
  /** Of the file: `sha256:...`. */
  digest: string;
  size: number;
  /** Of the layer's tar archive, as the image's configuration lists it. */
  diffId: string;
}
