import { createRouterTransport, type ServiceImpl } from "@connectrpc/connect";

import { RuntimeService } from "../../proto.js";
import { createRuntimeClient, type RuntimeClient } from "../../services/runtime-client.js";
import { openConnection } from "../../transport/connection.js";
import { parseEndpoint } from "../../transport/endpoint.js";
import { Answers } from "./answers.js";
import { Faults, withFaults } from "./faults.js";

/** A client that needs no socket. */
export function insideClient(
  endpoint: string,
  rpcs: Partial<ServiceImpl<typeof RuntimeService>>,
): RuntimeClient {
  const nothing = { faults: new Faults(() => {}), answers: new Answers(), onCall: () => {} };
  const transport = createRouterTransport(({ service }) => {
    service(RuntimeService, withFaults(RuntimeService, rpcs, nothing));
  });
  return createRuntimeClient(openConnection(parseEndpoint(endpoint), { transport }));
}
