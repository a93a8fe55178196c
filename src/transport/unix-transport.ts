import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
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
import { encodeEnvelope } from "./envelope.js";
import type { GrpcRequest } from "./grpc-call.js";
import { outgoingMetadata } from "./metadata.js";
import { methodPath } from "./request-headers.js";
import type { Sessions } from "./sessions.js";
import { streamCall } from "./stream.js";
import { unaryCall } from "./unary.js";

export interface UnixTransportOptions {
  readonly maxMessageBytes: number;
  readonly interceptors: Interceptor[];
}

type Method<I extends DescMessage, O extends DescMessage> =
  | DescMethodUnary<I, O>
  | DescMethodServerStreaming<I, O>;

/** The arguments of a call of connect-es but its method and its message. */
interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly header?: ConstructorParameters<typeof Headers>[0];
}

/**
 * gRPC over the sessions of a unix socket, as a transport of connect-es. Interceptors, and what they need
 * (web Headers, linked signals), cost nothing where there are none.
 */
export function createUnixTransport(sessions: Sessions, options: UnixTransportOptions): Transport {
  const { maxMessageBytes, interceptors } = options;

  function encodeRequest<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    message: MessageInitShape<I>,
    { signal, timeoutMs, header }: CallSettings,
  ): GrpcRequest {
    const body = encodeEnvelope(toBinary(method.input, create(method.input, message)));
    const metadata = header && outgoingMetadata(header);
    return { method, body, metadata, signal, timeoutMs, maxMessageBytes };
  }

  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const settings = { signal, timeoutMs, header };
      if (interceptors.length === 0) {
        return unaryCall(sessions, method, encodeRequest(method, input, settings));
      }
      return runUnaryCall({
        ...interceptorSettings(interceptors, settings),
        req: { stream: false, method, message: input, ...requestHead(method, settings, contextValues) },
        next: (req) => unaryCall(sessions, req.method, encodeRequest(req.method, req.message, req)),
      });
    },

    async stream(method, signal, timeoutMs, header, input, contextValues) {
      requireServerStreaming(method);
      const settings = { signal, timeoutMs, header };
      if (interceptors.length === 0) {
        return streamCall(sessions, method, encodeRequest(method, await onlyMessage(input), settings));
      }
      return runStreamingCall({
        ...interceptorSettings(interceptors, settings),
        req: { stream: true, method, message: input, ...requestHead(method, settings, contextValues) },
        async next(req) {
          return streamCall(sessions, method, encodeRequest(method, await onlyMessage(req.message), req));
        },
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
  method: Method<DescMessage, DescMessage>,
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

async function onlyMessage<T>(messages: AsyncIterable<T>): Promise<T> {
  for await (const message of messages) return message;
  throw new ConnectError("The request has no message", Code.InvalidArgument);
}
