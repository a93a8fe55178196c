import type {
  DescMessage,
  DescMethodServerStreaming,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse } from "@connectrpc/connect";
import { decodeMessage } from "../codec/decode.js";
import type { HeaderFields } from "../wire/http2/header-fields.js";
import { GrpcCall } from "./grpc-call.js";
import { type CallSettings, encodeRequest, type GrpcRequest } from "./grpc-request.js";
import { giveBack } from "./message-buffers.js";
import { MessageQueue } from "./message-queue.js";
import { appendIncoming } from "./metadata.js";
import { type CallChannel, decodeError } from "./unary.js";

/**
 * A server-streaming call. Resolves when the runtime has sent its headers, which it may do with the first message
 * only. Leaving the loop over the messages resets the stream.
 */
export async function streamCall<I extends DescMessage, O extends DescMessage>(
  { sessions, maxMessageBytes }: CallChannel,
  method: DescMethodServerStreaming<I, O>,
  input: AsyncIterable<MessageInitShape<I>>,
  settings: CallSettings,
): Promise<StreamResponse<I, O>> {
  const request = encodeRequest(method, await onlyMessage(input), settings);
  return new Promise((resolve, reject) => {
    new StreamCall(request, maxMessageBytes, { method, resolve, reject }).start(sessions);
  });
}

async function onlyMessage<T>(messages: AsyncIterable<T>): Promise<T> {
  for await (const message of messages) return message;
  throw new ConnectError("The request has no message", Code.InvalidArgument);
}

interface Caller<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodServerStreaming<I, O>;
  resolve(response: StreamResponse<I, O>): void;
  reject(error: ConnectError): void;
}

class StreamCall<I extends DescMessage, O extends DescMessage> extends GrpcCall {
  readonly #caller: Caller<I, O>;
  readonly #signal: AbortSignal | undefined;
  readonly #trailer = new Headers();
  readonly #messages = new MessageQueue<MessageShape<O>>({
    onFull: () => this.pause(),
    onDrained: () => this.resume(),
    onReturn: () => this.fail(new ConnectError("The reader has left the stream", Code.Canceled)),
  });

  constructor(request: GrpcRequest, maxMessageBytes: number, caller: Caller<I, O>) {
    super(request, maxMessageBytes);
    this.#caller = caller;
    this.#signal = request.signal;
  }

  protected onHeaders(headers: HeaderFields): void {
    const { method, resolve } = this.#caller;
    resolve({
      stream: true,
      service: method.parent,
      method,
      header: appendIncoming(new Headers(), headers),
      trailer: this.#trailer,
      message: this.#messages,
    });
  }

  protected takeMessage(message: Uint8Array): void {
    try {
      this.#messages.push(decodeMessage(this.#caller.method.output, message), message.byteLength);
    } catch (cause) {
      this.fail(decodeError(cause));
    }
    giveBack(message);
  }

  protected onEnd(error: ConnectError | undefined, trailers: HeaderFields): void {
    appendIncoming(this.#trailer, trailers);
    // Who has aborted wants no more messages, those that came before included.
    if (this.#signal?.aborted) this.#messages.discard();
    this.#messages.end(error);
    if (error) this.#caller.reject(error);
  }
}
