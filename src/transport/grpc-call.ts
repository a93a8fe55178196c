import { Code, ConnectError } from "@connectrpc/connect";
import { EnvelopeReader, type EnvelopeSink } from "../wire/envelope.js";
import type { HeaderFields } from "../wire/http2/header-fields.js";
import { errorCodes } from "../wire/http2/protocol.js";
import type { Http2Stream, StreamEvents } from "../wire/http2/stream.js";
import { hasDeadline, startDeadline } from "./deadline.js";
import type { GrpcRequest } from "./grpc-request.js";
import { takeBuffer } from "./message-buffers.js";
import { requestHeaders } from "./request-headers.js";
import { resetError } from "./reset-error.js";
import { responseError } from "./response-check.js";
import type { Session } from "./session.js";
import type { Sessions } from "./sessions.js";
import { statusError } from "./trailer-status.js";

const noFields: HeaderFields = new Map();

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
  #stream: Http2Stream | undefined;
  #headers: HeaderFields | undefined;
  #trailers: HeaderFields | undefined;
  #isOver = false;

  constructor(request: GrpcRequest, maxMessageBytes: number) {
    this.#request = request;
    this.#maxMessageBytes = maxMessageBytes;
    this.#reader = new EnvelopeReader(maxMessageBytes, this, takeBuffer);
  }

  protected abstract onHeaders(headers: HeaderFields): void;
  /** The bytes are the call's until it gives them back. */
  protected abstract takeMessage(message: Uint8Array): void;
  /** The last to be called, once. */
  protected abstract onEnd(error: ConnectError | undefined, trailers: HeaderFields): void;

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
    if (!session.isUsable) {
      const message = "The runtime takes no more calls on this connection";
      this.#end(session.endError ?? new ConnectError(message, Code.Unavailable));
      return;
    }
    const { method, metadata, body } = this.#request;
    try {
      this.#session = session;
      this.#stream = session.begin(requestHeaders(method, timeoutMs, metadata), body, this);
    } catch (error) {
      this.#end(ConnectError.from(error, Code.Internal));
    }
  }

  onResponse(headers: HeaderFields): void {
    if (this.#isOver) return;
    const error = responseError(headers);
    if (error) {
      this.#end(error);
      return;
    }
    this.#headers = headers;
    this.onHeaders(headers);
  }

  onData(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  onTrailers(trailers: HeaderFields): void {
    this.#trailers = trailers;
  }

  onClose(rstCode: number, streamError: Error | undefined): void {
    if (this.#isOver) return;
    const sessionError = this.#session?.endError;
    if (sessionError) this.#end(sessionError);
    else if (performance.now() >= this.#expiresAtMs) this.#end(deadlineError());
    else if (streamError) this.#end(ConnectError.from(streamError, Code.Internal));
    else if (rstCode !== errorCodes.NO_ERROR) this.#end(resetError(rstCode));
    else this.#endByStatus();
  }

  #endByStatus(): void {
    const headers = this.#headers ?? noFields;
    const trailers = this.#trailers ?? noFields;
    // A response without a body has its status in the only header block it has.
    const fields = trailers.has("grpc-status") ? trailers : headers;
    if (!fields.has("grpc-status")) {
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
    this.#stream?.reset(errorCodes.CANCEL);
    this.onEnd(error, this.#trailers ?? noFields);
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
