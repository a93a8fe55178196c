import { createClient } from "@connectrpc/connect";
import { ImageService } from "../proto.js";
import type { Connection } from "../transport/connection.js";
import type { ServiceClient, ServiceOptions } from "./service-client.js";

/** The RPCs of the CRI ImageService, in the same way as `RuntimeClient`. */
export type ImageClient = ServiceClient<typeof ImageService>;

export function createImageClient(connection: Connection, _options: ServiceOptions = {}): ImageClient {
  return createClient(ImageService, connection.transport) as ImageClient;
}
