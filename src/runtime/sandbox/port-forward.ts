import type { Duplex } from "node:stream";

import { InvalidArgumentError } from "../../errors.js";
import type { PortForwardRequest } from "../../proto.js";
import type { PortForwardRequest as SessionRequest } from "../../streaming/streaming-runtime.js";
import { forwardPort } from "../adapters/netns/forward-port.js";
import type { RuntimeDeps } from "../deps.js";
import { requireReady } from "../lifecycle/require-ready.js";
import { required } from "../required.js";

/** Checks what can be checked before a client comes for its session. */
export async function preparePortForward(
  deps: RuntimeDeps,
  request: PortForwardRequest,
): Promise<SessionRequest> {
  const { id } = await requireReady(deps, required(request.podSandboxId, "pod_sandbox_id"));
  const wrong = request.port.find((port) => port < 1 || port > 65_535);
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`port: ${wrong} is not a number from 1 to 65535`, { field: "port" });
  }
  return { podSandboxId: id, ports: request.port };
}

/** One connection of a session. With the node's network it leads to the node's own port. */
export async function portForwardSession(
  deps: RuntimeDeps,
  { podSandboxId, port }: { podSandboxId: string; port: number },
  stream: Duplex,
): Promise<void> {
  const { netns } = await requireReady(deps, podSandboxId);
  await forwardPort({ netns, port, directory: deps.paths.temporary }, stream);
}
