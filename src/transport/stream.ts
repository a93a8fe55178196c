import type { IncomingHttpHeaders } from "node:http2";
import {
  type DescMessage,
  type DescMethodServerStreaming,
  fromBinary,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse } from "@connectrpc/connect";
import type { Deferred } from "../async/deferred.js";
import { GrpcCall, type GrpcRequest } from "./grpc-call.js";
import { MessageQueue } from "./message-queue.js";
import { appendIncoming } from "./metadata.js";
import type { Sessions } from "./sessions.js";
import { decodeError } from "./unary.js";

/**
 * Resolves when the runtime has sent its headers, which it may do with the first message only; rejects with a
 * `ConnectError` only. Leaving the loop over the messages resets the stream.
 */
export function streamCall<I extends DescMessage, O extends DescMessage>(
  sessions: Sessions,
  method: DescMethodServerStreaming<I, O>,
  request: GrpcRequest,
): Promise<StreamResponse<I, O>> {
  return new Promise((resolve, reject) => {
    new StreamCall(method, request, { resolve, reject }).start(sessions);
  });
}

class StreamCall<I extends DescMessage, O extends DescMessage> extends GrpcCall {
  readonly #method: DescMethodServerStreaming<I, O>;
  readonly #signal: AbortSignal | undefined;
  readonly #response: Pick<Deferred<StreamResponse<I, O>>, "resolve" | "reject">;
  readonly #trailer = new Headers();
  readonly #messages = new MessageQueue<MessageShape<O>>({
    onFull: () => this.pause(),
    onDrained: () => this.resume(),
    onReturn: () => this.fail(new ConnectError("The reader has left the stream", Code.Canceled)),
  });

  constructor(
    method: DescMethodServerStreaming<I, O>,
    request: GrpcRequest,
    response: Pick<Deferred<StreamResponse<I, O>>, "resolve" | "reject">,
  ) {
    super(request);
    this.#method = method;
    this.#signal = request.signal;
    this.#response = response;
  }

  protected onHeaders(headers: IncomingHttpHeaders): void {
    this.#response.resolve({
      stream: true,
      service: this.#method.parent,
      method: this.#method,
      header: appendIncoming(new Headers(), headers),
      trailer: this.#trailer,
      message: this.#messages,
    });
  }

  protected takeMessage(message: Uint8Array): void {
    try {
      this.#messages.push(fromBinary(this.#method.output, message), message.byteLength);
    } catch (cause) {
      this.fail(decodeError(cause));
    }
  }

  protected onEnd(error: ConnectError | undefined, trailers: IncomingHttpHeaders): void {
    appendIncoming(this.#trailer, trailers);
    // Who has aborted wants no more messages, those that came before included.
    if (this.#signal?.aborted) this.#messages.discard();
    this.#messages.end(error);
    if (error) this.#response.reject(error);
  }
}
