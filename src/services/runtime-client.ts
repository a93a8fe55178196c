import { createClient } from "@connectrpc/connect";
import { RuntimeService } from "../proto.js";
import type { Connection } from "../transport/connection.js";
import type { ServiceClient, ServiceOptions } from "./service-client.js";

/**
 * The RPCs of the CRI RuntimeService: plain generated messages, a default deadline per RPC, every error a
 * `CriError`. Leaving the loop over a stream cancels it at the runtime.
 */
export type RuntimeClient = ServiceClient<typeof RuntimeService>;

export function createRuntimeClient(connection: Connection, _options: ServiceOptions = {}): RuntimeClient {
  return createClient(RuntimeService, connection.transport) as RuntimeClient;
}
