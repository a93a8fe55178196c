import type { ImageClient } from "../../../src/services/image-client.js";
import type { RuntimeClient } from "../../../src/services/runtime-client.js";

/** A runtime that is served, with all that it makes in one directory. */
export interface Served {
  readonly directory: string;
  readonly runtime: RuntimeClient;
  readonly images: ImageClient;
}
