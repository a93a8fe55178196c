import { RuntimeService } from "../../proto.js";
import { createRuntimeClient, type RuntimeClient } from "../../services/runtime-client.js";
import { openConnection } from "../../transport/connection.js";
import { parseEndpoint } from "../../transport/endpoint.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { Answers } from "./answers.js";
import { Faults, withFaults } from "./faults.js";
import { insideTransport } from "./inside-transport.js";

/** A client that needs no socket. */
export function insideClient(endpoint: string, rpcs: Partial<Rpcs<typeof RuntimeService>>): RuntimeClient {
  const nothing = { faults: new Faults(() => {}), answers: new Answers(), onCall: () => {} };
  const transport = insideTransport(withFaults(RuntimeService, rpcs, nothing));
  return createRuntimeClient(openConnection(parseEndpoint(endpoint), { transport }));
}
