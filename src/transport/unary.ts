import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type UnaryResponse } from "@connectrpc/connect";
import { decodeMessage } from "../codec/decode.js";
import type { HeaderFields } from "../wire/http2/header-fields.js";
import { GrpcCall } from "./grpc-call.js";
import { type CallSettings, encodeRequest, type GrpcRequest } from "./grpc-request.js";
import { giveBack } from "./message-buffers.js";
import { appendIncoming } from "./metadata.js";
import type { Sessions } from "./sessions.js";

/** What a call is made on. */
export interface CallChannel {
  readonly sessions: Sessions;
  readonly maxMessageBytes: number;
}

/** A unary call; what cannot be encoded rejects, too. */
export function unaryCall<I extends DescMessage, O extends DescMessage>(
  { sessions, maxMessageBytes }: CallChannel,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  settings: CallSettings,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    const request = encodeRequest(method, input, settings);
    new UnaryCall(request, maxMessageBytes, { method, resolve, reject }).start(sessions);
  });
}

interface Caller<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  resolve(response: UnaryResponse<I, O>): void;
  reject(error: ConnectError): void;
}

class UnaryCall<I extends DescMessage, O extends DescMessage> extends GrpcCall {
  readonly #caller: Caller<I, O>;
  #headers: HeaderFields = new Map();
  #message: Uint8Array | undefined;

  constructor(request: GrpcRequest, maxMessageBytes: number, caller: Caller<I, O>) {
    super(request, maxMessageBytes);
    this.#caller = caller;
  }

  protected onHeaders(headers: HeaderFields): void {
    this.#headers = headers;
  }

  protected takeMessage(message: Uint8Array): void {
    if (this.#message) this.fail(new ConnectError("The answer has a second message", Code.Internal));
    this.#message = message;
  }

  protected onEnd(error: ConnectError | undefined, trailers: HeaderFields): void {
    const { method, resolve, reject } = this.#caller;
    if (error) {
      reject(error);
    } else if (!this.#message) {
      reject(new ConnectError("The answer has no message", Code.Internal));
    } else {
      try {
        const message = decodeMessage(method.output, this.#message);
        resolve(new Response(method, message, this.#headers, trailers));
      } catch (cause) {
        reject(decodeError(cause));
      }
      giveBack(this.#message);
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
  readonly #headers: HeaderFields;
  readonly #trailers: HeaderFields;
  #header: Headers | undefined;
  #trailer: Headers | undefined;

  constructor(
    method: DescMethodUnary<I, O>,
    message: MessageShape<O>,
    headers: HeaderFields,
    trailers: HeaderFields,
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
