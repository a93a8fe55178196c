import {
  type DescMessage,
  type DescMethodServerStreaming,
  fromBinary,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse } from "@connectrpc/connect";
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
    const trailer = new Headers();
    const queue = new MessageQueue<MessageShape<O>>({
      onFull: () => call.pause(),
      onDrained: () => call.resume(),
      onReturn: () => call.fail(new ConnectError("The reader has left the stream", Code.Canceled)),
    });
    const call = new GrpcCall(request, {
      onHeaders(headers) {
        const header = appendIncoming(new Headers(), headers);
        resolve({ stream: true, service: method.parent, method, header, trailer, message: queue });
      },
      onMessage(bytes) {
        try {
          queue.push(fromBinary(method.output, bytes), bytes.byteLength);
        } catch (cause) {
          call.fail(decodeError(cause));
        }
      },
      onEnd(error, trailers) {
        appendIncoming(trailer, trailers);
        // Who has aborted wants no more messages, those that came before included.
        if (request.signal?.aborted) queue.discard();
        queue.end(error);
        if (error) reject(error);
      },
    });
    call.start(sessions);
  });
}
