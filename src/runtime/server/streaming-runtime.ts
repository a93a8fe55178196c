import type { StreamingRuntime } from "../../streaming/streaming-runtime.js";
import { attachSession } from "../container/attach.js";
import { execSession } from "../container/exec.js";
import type { RuntimeDeps } from "../deps.js";
import { portForwardSession } from "../sandbox/port-forward.js";

/** What is behind the URLs of sessions. */
export function createStreamingRuntime(deps: RuntimeDeps): StreamingRuntime {
  return {
    exec: (request, io) => execSession(deps, request, io),
    attach: (request, io) => attachSession(deps, request, io),
    portForward: (podSandboxId, port, stream) => portForwardSession(deps, { podSandboxId, port }, stream),
  };
}
