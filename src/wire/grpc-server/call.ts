import type { ServerHttp2Stream } from "node:http2";

import {
  create,
  type DescMethod,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { EnvelopeReader, encodeEnvelope } from "../envelope.js";
import { CallSignal } from "./call-signal.js";
import type { CallContext } from "./rpcs.js";
import { answerHeaders, errorTrailers, okTrailers, refuse } from "./status.js";

/** The longest time that a timer can wait. */
const maxTimerMs = 2 ** 31 - 1;
const clientLeft = new ConnectError("the client has left the call", Code.Canceled);

/** An RPC of whatever types: what comes in and goes out is checked by its description. */
export interface ServedRpc {
  readonly method: DescMethod;
  readonly work: (request: Message, context: CallContext) => unknown;
}

export interface CallOptions {
  readonly maxMessageBytes: number;
  readonly timeoutMs: number | undefined;
}

/** One call: reads the request, has the work done, and answers. */
export class ServerCall implements CallContext {
  readonly #stream: ServerHttp2Stream;
  readonly #rpc: ServedRpc;
  readonly #signal = new CallSignal();
  readonly #deadline: number | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #request: Uint8Array | undefined;
  #trailers = okTrailers;
  #isAnswered = false;

  constructor(stream: ServerHttp2Stream, rpc: ServedRpc, { maxMessageBytes, timeoutMs }: CallOptions) {
    this.#stream = stream;
    this.#rpc = rpc;
    if (timeoutMs !== undefined) {
      this.#deadline = performance.now() + timeoutMs;
      const expired = () => this.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded));
      this.#timer = setTimeout(expired, Math.min(timeoutMs, maxTimerMs));
    }
    stream.on("close", () => {
      clearTimeout(this.#timer);
      this.abort(clientLeft);
    });
    const reader = new EnvelopeReader(maxMessageBytes, {
      onMessage: (message) => this.#receive(message),
      onTooLong: (length) =>
        this.fail(
          new ConnectError(
            `message of ${length} bytes is longer than ${maxMessageBytes}`,
            Code.ResourceExhausted,
          ),
        ),
      onCompressed: () =>
        this.fail(new ConnectError("compressed messages are not supported", Code.Unimplemented)),
    });
    stream.on("data", (chunk: Buffer) => reader.push(chunk));
    stream.on("end", () => void this.#begin());
  }

  get signal(): AbortSignal {
    return this.#signal.signal;
  }

  /** A function of its own, because RPCs take it out of the context. */
  readonly timeoutMs = (): number | undefined =>
    this.#deadline === undefined ? undefined : Math.max(0, this.#deadline - performance.now());

  abort(reason: unknown): void {
    this.#signal.abort(reason);
  }

  /** Tells the client of an error, unless it has been answered already. */
  fail(error: unknown): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const stream = this.#stream;
    if (stream.closed || stream.destroyed) return;
    if (stream.headersSent) {
      this.#trailers = errorTrailers(error);
      stream.end();
    } else refuse(stream, error);
  }

  #receive(message: Uint8Array): void {
    if (this.#request === undefined) this.#request = message;
    else this.fail(new ConnectError("more than one request message", Code.Unimplemented));
  }

  async #begin(): Promise<void> {
    try {
      if (this.#isAnswered || this.#stream.closed) return;
      if (this.#request === undefined) {
        throw new ConnectError("no whole request message", Code.Unimplemented);
      }
      const request = this.#decode(this.#request);
      const answer = this.#rpc.work(request, this);
      if (this.#rpc.method.methodKind === "unary") this.#send(await answer);
      else await this.#sendAll(answer as AsyncIterable<unknown>);
      this.#end();
    } catch (error) {
      this.fail(error);
    }
  }

  #decode(bytes: Uint8Array): Message {
    try {
      return fromBinary(this.#rpc.method.input, bytes);
    } catch (cause) {
      throw new ConnectError("the request cannot be read", Code.InvalidArgument, undefined, undefined, cause);
    }
  }

  async #sendAll(messages: AsyncIterable<unknown>): Promise<void> {
    for await (const message of messages) {
      if (this.#stream.closed) return;
      if (!this.#send(message)) await drained(this.#stream);
      if (this.#stream.closed) return;
    }
  }

  /** False when the client does not keep up. */
  #send(message: unknown): boolean {
    const stream = this.#stream;
    if (stream.closed || stream.destroyed) return true;
    const { output } = this.#rpc.method;
    const bytes = encodeEnvelope(
      toBinary(output, create(output, message as MessageInitShape<typeof output>)),
    );
    this.#respond();
    return stream.write(bytes);
  }

  #respond(): void {
    const stream = this.#stream;
    if (stream.headersSent) return;
    stream.respond(answerHeaders, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(this.#trailers));
  }

  #end(): void {
    this.#isAnswered = true;
    const stream = this.#stream;
    if (stream.closed || stream.destroyed) return;
    this.#respond();
    stream.end();
  }
}

function drained(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
