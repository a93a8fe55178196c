import type { IncomingHttpHeaders } from "node:http2";
import { type DescMessage, type DescMethodUnary, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type UnaryResponse } from "@connectrpc/connect";
import type { Deferred } from "../async/deferred.js";
import { GrpcCall, type GrpcRequest } from "./grpc-call.js";
import { appendIncoming } from "./metadata.js";
import type { Sessions } from "./sessions.js";

/** Rejects with a `ConnectError` only. */
export function unaryCall<I extends DescMessage, O extends DescMessage>(
  sessions: Sessions,
  method: DescMethodUnary<I, O>,
  request: GrpcRequest,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    new UnaryCall(method, request, { resolve, reject }).start(sessions);
  });
}

class UnaryCall<I extends DescMessage, O extends DescMessage> extends GrpcCall {
  readonly #method: DescMethodUnary<I, O>;
  readonly #response: Pick<Deferred<UnaryResponse<I, O>>, "resolve" | "reject">;
  #headers: IncomingHttpHeaders = {};
  #message: Uint8Array | undefined;

  constructor(
    method: DescMethodUnary<I, O>,
    request: GrpcRequest,
    response: Pick<Deferred<UnaryResponse<I, O>>, "resolve" | "reject">,
  ) {
    super(request);
    this.#method = method;
    this.#response = response;
  }

  protected onHeaders(headers: IncomingHttpHeaders): void {
    this.#headers = headers;
  }

  protected takeMessage(message: Uint8Array): void {
    if (this.#message) this.fail(new ConnectError("The answer has a second message", Code.Internal));
    this.#message = message;
  }

  protected onEnd(error: ConnectError | undefined, trailers: IncomingHttpHeaders): void {
    const { resolve, reject } = this.#response;
    if (error) {
      reject(error);
    } else if (!this.#message) {
      reject(new ConnectError("The answer has no message", Code.Internal));
    } else {
      try {
        const message = fromBinary(this.#method.output, this.#message);
        resolve(new Response(this.#method, message, this.#headers, trailers));
      } catch (cause) {
        reject(decodeError(cause));
      }
    }
  }
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
