import { RuntimeService } from "../proto.js";
import type { Connection } from "../transport/connection.js";
import { runtimeDeadlines } from "./deadlines.js";
import { runtimeReadOnly } from "./read-only.js";
import { createServiceClient, type ServiceClient, type ServiceOptions } from "./service-client.js";

/**
 * The RPCs of the CRI RuntimeService: plain generated messages, a default deadline per RPC, every error a
 * `CriError`. Leaving the loop over a stream cancels it at the runtime.
 */
export type RuntimeClient = ServiceClient<typeof RuntimeService>;

/**
 * Makes a client of the RuntimeService alone, on a connection of `openConnection()`.
 *
 * @example
 * ```ts
 * const connection = openConnection(parseEndpoint(cri.endpoint));
 * const { runtimeName } = await createRuntimeClient(connection).version({});
 * console.log(runtimeName);
 * connection.close();
 * ```
 */
export function createRuntimeClient(connection: Connection, options: ServiceOptions = {}): RuntimeClient {
  const rules = { deadlines: runtimeDeadlines, readOnly: runtimeReadOnly };
  return createServiceClient(RuntimeService, rules, connection, options);
}
