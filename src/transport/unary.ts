import type { IncomingHttpHeaders } from "node:http2";
import { type DescMessage, type DescMethodUnary, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type UnaryResponse } from "@connectrpc/connect";
import { GrpcCall, type GrpcCallEvents, type GrpcRequest } from "./grpc-call.js";
import { appendIncoming } from "./metadata.js";
import type { Sessions } from "./sessions.js";

/** Rejects with a `ConnectError` only. */
export function unaryCall<I extends DescMessage, O extends DescMessage>(
  sessions: Sessions,
  method: DescMethodUnary<I, O>,
  request: GrpcRequest,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders = {};
    let bytes: Uint8Array | undefined;
    const events: GrpcCallEvents = {
      onHeaders(received) {
        headers = received;
      },
      onMessage(message) {
        if (bytes) call.fail(new ConnectError("The answer has a second message", Code.Internal));
        bytes = message;
      },
      onEnd(error, trailers) {
        if (error) return reject(error);
        if (!bytes) return reject(new ConnectError("The answer has no message", Code.Internal));
        try {
          resolve(new Response(method, fromBinary(method.output, bytes), headers, trailers));
        } catch (cause) {
          reject(decodeError(cause));
        }
      },
    };
    const call = new GrpcCall(request, events);
    call.start(sessions);
  });
}

export function decodeError(cause: unknown): ConnectError {
  const message = `The answer cannot be decoded: ${cause instanceof Error ? cause.message : cause}`;
  return new ConnectError(message, Code.Internal, undefined, undefined, cause);
}

/** Makes web Headers only for those who look: they cost as much as the rest of the response. */
class Response<I extends DescMessage, O extends DescMessage> implements UnaryResponse<I, O> {
  readonly stream = false;
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<O>;
  readonly #headers: IncomingHttpHeaders;
  readonly #trailers: IncomingHttpHeaders;
  #header: Headers | undefined;
  #trailer: Headers | undefined;

  constructor(
    method: DescMethodUnary<I, O>,
    message: MessageShape<O>,
    headers: IncomingHttpHeaders,
    trailers: IncomingHttpHeaders,
  ) {
    this.method = method;
    this.message = message;
    this.#headers = headers;
    this.#trailers = trailers;
  }

  get service() {
    return this.method.parent;
  }

  get header(): Headers {
    this.#header ??= appendIncoming(new Headers(), this.#headers);
    return this.#header;
  }

  get trailer(): Headers {
    this.#trailer ??= appendIncoming(new Headers(), this.#trailers);
    return this.#trailer;
  }
}
