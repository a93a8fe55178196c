import { ImageService } from "../proto.js";
import type { Connection } from "../transport/connection.js";
import { imageDeadlines } from "./deadlines.js";
import { imageReadOnly } from "./read-only.js";
import { createServiceClient, type ServiceClient, type ServiceOptions } from "./service-client.js";

/** The RPCs of the CRI ImageService, in the same way as `RuntimeClient`. */
export type ImageClient = ServiceClient<typeof ImageService>;

/**
 * Makes a client of the ImageService alone, on a connection of `openConnection()`.
 *
 * @example
 * ```ts
 * const connection = openConnection(parseEndpoint(cri.endpoint));
 * const { images } = await createImageClient(connection).listImages({});
 * console.log(images.length);
 * connection.close();
 * ```
 */
export function createImageClient(connection: Connection, options: ServiceOptions = {}): ImageClient {
  const rules = { deadlines: imageDeadlines, readOnly: imageReadOnly };
  return createServiceClient(ImageService, rules, connection, options);
}
