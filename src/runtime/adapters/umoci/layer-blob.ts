/** A layer as it came from the registry. */
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
