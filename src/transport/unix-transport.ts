import type { DescMessage, DescMethodServerStreaming, DescMethodStreaming } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextValues,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { grpcTimeout, hasDeadline } from "./deadline.js";
import type { CallSettings, Method } from "./grpc-request.js";
import { methodPath } from "./request-headers.js";
import { streamCall } from "./stream.js";
import { type CallChannel, unaryCall } from "./unary.js";

/**
 * gRPC over the sessions of a unix socket, as a transport of connect-es. Interceptors, and what they need
 * (web Headers, linked signals), cost nothing where there are none.
 */
export function createUnixTransport(channel: CallChannel, interceptors: Interceptor[]): Transport {
  return {
    unary(method, signal, timeoutMs, header, input, contextValues) {
      const settings = { signal, timeoutMs, header };
      if (interceptors.length === 0) return unaryCall(channel, method, input, settings);
      return runUnaryCall({
        ...interceptorSettings(interceptors, settings),
        req: { stream: false, method, message: input, ...requestHead(method, settings, contextValues) },
        next: (req) => unaryCall(channel, req.method, req.message, req),
      });
    },

    async stream(method, signal, timeoutMs, header, input, contextValues) {
      requireServerStreaming(method);
      const settings = { signal, timeoutMs, header };
      if (interceptors.length === 0) return streamCall(channel, method, input, settings);
      return runStreamingCall({
        ...interceptorSettings(interceptors, settings),
        req: { stream: true, method, message: input, ...requestHead(method, settings, contextValues) },
        next: (req) => streamCall(channel, method, req.message, req),
      });
    },
  };
}

/** With interceptors the signal of the request bears the deadline; see `requestHead` for the runtime's. */
function interceptorSettings(interceptors: Interceptor[], { signal, timeoutMs }: CallSettings) {
  return { interceptors, ...(signal && { signal }), ...(hasDeadline(timeoutMs) && { timeoutMs }) };
}

/** What interceptors see of a request, and may change. */
function requestHead(
  method: Method,
  { timeoutMs, header: init }: CallSettings,
  contextValues: ContextValues = createContextValues(),
) {
  const header = new Headers(init);
  if (hasDeadline(timeoutMs)) header.set("grpc-timeout", grpcTimeout(timeoutMs));
  const url = `http://localhost${methodPath(method)}`;
  return { service: method.parent, requestMethod: "POST", url, header, contextValues };
}

function requireServerStreaming<I extends DescMessage, O extends DescMessage>(
  method: DescMethodStreaming<I, O>,
): asserts method is DescMethodServerStreaming<I, O> {
  if (method.methodKind === "server_streaming") return;
  throw new ConnectError(`${method.name} streams its requests, which CRI does not know`, Code.Unimplemented);
}
