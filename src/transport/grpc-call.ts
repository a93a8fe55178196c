import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { EnvelopeReader, type EnvelopeSink } from "../wire/envelope.js";
import { hasDeadline, startDeadline } from "./deadline.js";
import type { GrpcRequest } from "./grpc-request.js";
import { requestHeaders } from "./request-headers.js";
import { resetError } from "./reset-error.js";
import { type ResponseHeaders, responseError } from "./response-check.js";
import type { Session } from "./session.js";
import type { Sessions } from "./sessions.js";
import { listen, release, type StreamEvents } from "./stream-events.js";
import { statusError } from "./trailer-status.js";

/**
 * One gRPC call, unary or server-streaming, from its request to its status. Its two kinds are told of it by plain
 * method calls, because a chain of async iterators costs more than the call itself.
 */
export abstract class GrpcCall implements StreamEvents, EnvelopeSink {
  readonly #request: GrpcRequest;
  readonly #maxMessageBytes: number;
  readonly #reader: EnvelopeReader;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  #deadline: NodeJS.Timeout | undefined;
  #session: Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  #headers: ResponseHeaders | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #isOver = false;

  constructor(request: GrpcRequest, maxMessageBytes: number) {
    this.#request = request;
    this.#maxMessageBytes = maxMessageBytes;
    this.#reader = new EnvelopeReader(maxMessageBytes, this);
  }

  protected abstract onHeaders(headers: IncomingHttpHeaders): void;
  protected abstract takeMessage(message: Uint8Array): void;
  /** The last to be called, once. */
  protected abstract onEnd(error: ConnectError | undefined, trailers: IncomingHttpHeaders): void;

  start(sessions: Sessions): void {
    const { signal, timeoutMs } = this.#request;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    if (hasDeadline(timeoutMs)) {
      this.#expiresAtMs = performance.now() + timeoutMs;
      this.#deadline = startDeadline(timeoutMs, () => this.#end(deadlineError()));
    }
    const session = sessions.get();
    if (!(session instanceof Promise)) {
      this.#send(session, timeoutMs);
      return;
    }
    session.then(
      (dialled) => this.#send(dialled),
      (error) => this.#end(ConnectError.from(error, Code.Unavailable)),
    );
  }

  /** Stops reading: the runtime is held back once the stream's window is full. */
  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  /** Resets the stream at once and ends the call with the error. */
  fail(error: ConnectError): void {
    this.#end(error);
  }

  #send(session: Session, timeoutMs = this.#expiresAtMs - performance.now()): void {
    if (this.#isOver) return;
    const endError = session.endError();
    if (endError) {
      this.#end(endError);
      return;
    }
    const { method, metadata } = this.#request;
    try {
      this.#stream = session.begin(requestHeaders(method, timeoutMs, metadata));
    } catch (error) {
      this.#end(ConnectError.from(error, Code.Internal));
      return;
    }
    this.#session = session;
    listen(this.#stream, this);
    this.#stream.end(this.#request.body);
  }

  onResponse(headers: ResponseHeaders, flags: number): void {
    if (this.#isOver) return;
    const error = responseError(headers);
    if (error) {
      this.#end(error);
      return;
    }
    this.#headers = headers;
    this.onHeaders(headers);
    // A response without a body has its status in the only header block it has.
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.#endByStatus();
  }

  onData(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  onTrailers(trailers: IncomingHttpHeaders): void {
    this.#trailers = trailers;
    if (this.#stream?.readableLength === 0) this.#endByStatus();
    // A slow reader has messages waiting; they come before the end.
    else this.#stream?.once("end", () => this.#endByStatus());
  }

  onClose(rstCode: number, streamError: Error | undefined): void {
    if (this.#isOver) return;
    const sessionError = this.#session?.endError(streamError);
    if (sessionError) this.#end(sessionError);
    else if (performance.now() >= this.#expiresAtMs) this.#end(deadlineError());
    else if (rstCode !== constants.NGHTTP2_NO_ERROR) this.#end(resetError(rstCode));
    else if (streamError) this.#end(ConnectError.from(streamError, Code.Internal));
    else this.#endByStatus();
  }

  #endByStatus(): void {
    const headers = this.#headers ?? {};
    const trailers = this.#trailers ?? {};
    const fields = "grpc-status" in trailers ? trailers : headers;
    if (!("grpc-status" in fields)) {
      this.#end(new ConnectError("The runtime has ended the answer without a status", Code.Internal));
    } else {
      const error = statusError(fields, [headers, trailers]);
      const isCut = !error && this.#reader.isInsideMessage;
      this.#end(isCut ? new ConnectError("The answer ends inside a message", Code.Internal) : error);
    }
  }

  onMessage(message: Uint8Array): void {
    if (!this.#isOver) this.takeMessage(message);
  }

  onTooLong(length: number): void {
    const limit = this.#maxMessageBytes;
    const message = `The answer has a message of ${length} bytes, more than the limit of ${limit}: raise maxMessageBytes`;
    this.#end(new ConnectError(message, Code.ResourceExhausted));
  }

  onCompressed(): void {
    this.#end(
      new ConnectError("The answer has a compressed message, which was not agreed on", Code.Internal),
    );
  }

  readonly #onAbort = () => this.#end(canceledError(this.#request.signal?.reason));

  #end(error: ConnectError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    const stream = this.#stream;
    if (stream) {
      release(stream);
      this.#session?.finish();
      // After a good answer there is nothing to reset, unless it came before the request was sent.
      if (error || !stream.writableFinished) {
        stream.close(constants.NGHTTP2_CANCEL);
        stream.resume();
      }
    }
    this.onEnd(error, this.#trailers ?? {});
  }
}

function deadlineError(): ConnectError {
  return new ConnectError("The deadline has passed", Code.DeadlineExceeded);
}

/** As connect-es has it: the reason itself when it is a `ConnectError`, for interceptors set one. */
function canceledError(reason: unknown): ConnectError {
  if (reason instanceof ConnectError) return reason;
  const message = reason instanceof Error ? reason.message : String(reason);
  return new ConnectError(message, Code.Canceled, undefined, undefined, reason);
}
