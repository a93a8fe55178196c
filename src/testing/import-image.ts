import { resolve } from "node:path";
import { imageSourceAnnotation } from "../image-source.js";
import type { CallOptions } from "../services/call-options.js";
import { createImageClient } from "../services/image-client.js";
import { openConnection } from "../transport/connection.js";
import { parseEndpoint } from "../transport/endpoint.js";
import { archiveName, type ImageSource, layoutOf } from "./image-source.js";
import { scratchDirectory } from "./temporary-directory.js";

/** An image that was brought in. */
export interface ImportedImage {
  /** What a container's `image` may say: the runtime's reference of the image. */
  readonly imageRef: string;
}

/**
 * Brings an image into the bundled runtime at `endpoint` without a registry. Other runtimes do not take
 * images from files: serve them one with `serveRegistry`.
 *
 * @example
 * ```ts
 * await importImage(cri.endpoint, { ref: "demo/busybox:1", ...(await busyboxImage()) });
 * ```
 */
export async function importImage(
  endpoint: string,
  source: ImageSource,
  options: CallOptions = {},
): Promise<ImportedImage> {
  await using scratch = await scratchDirectory();
  // Not before it is done is the directory to go.
  return await importThrough(scratch.path, endpoint, source, options);
}

/** The same, with an empty directory to make the image in. */
export async function importThrough(
  scratch: string,
  endpoint: string,
  source: ImageSource,
  options: CallOptions = {},
): Promise<ImportedImage> {
  const location = await locate(source, scratch);
  const connection = openConnection(parseEndpoint(endpoint));
  try {
    const image = { image: source.ref, annotations: { [imageSourceAnnotation]: location } };
    const { imageRef } = await createImageClient(connection).pullImage({ image }, options);
    return { imageRef };
  } finally {
    connection.close();
  }
}

async function locate(source: ImageSource, scratch: string): Promise<string> {
  if ("archive" in source) return archiveName(resolve(source.archive));
  return `oci:${resolve(await layoutOf(source, `${scratch}/image`))}`;
}
