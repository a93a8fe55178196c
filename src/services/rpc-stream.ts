import { createLinkedAbortController } from "@connectrpc/connect/protocol";

/** One call of a server-streaming RPC. */
export interface StreamCall<Message> {
  /** Makes the call; it must end when the signal aborts. */
  open(signal: AbortSignal): Promise<AsyncIterable<Message>>;
  /** Told when a message, or the end of the stream, has come. */
  onAnswer(): void;
  /** Turns what the call throws into what the reader gets. */
  mapError(error: unknown): unknown;
  /** The caller's own signal. */
  signal: AbortSignal | undefined;
}

/**
 * The messages of a server-streaming RPC. The call is made when the first message is asked for, and ended at
 * the runtime when the reader leaves the loop: transports of connect-es leave it running. Each loop over the
 * same stream is a call of its own.
 */
export function rpcStream<Message>(begin: () => StreamCall<Message>): AsyncIterable<Message> {
  return { [Symbol.asyncIterator]: () => new RpcStreamIterator(begin()) };
}

class RpcStreamIterator<Message> implements AsyncIterator<Message> {
  readonly #call: StreamCall<Message>;
  readonly #controller: AbortController;
  #messages: Promise<AsyncIterator<Message>> | undefined;
  #isOver = false;

  constructor(call: StreamCall<Message>) {
    this.#call = call;
    this.#controller = createLinkedAbortController(call.signal);
  }

  async next(): Promise<IteratorResult<Message>> {
    if (this.#isOver) return { done: true, value: undefined };
    try {
      this.#messages ??= this.#open();
      const messages = await this.#messages;
      const result = await messages.next();
      this.#call.onAnswer();
      if (result.done) this.#end();
      // A reader that has left while it waited is told of no message.
      return this.#isOver ? { done: true, value: undefined } : result;
    } catch (error) {
      if (this.#isOver) return { done: true, value: undefined };
      this.#end();
      throw this.#call.mapError(error);
    }
  }

  async return(): Promise<IteratorResult<Message>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async #open(): Promise<AsyncIterator<Message>> {
    const messages = await this.#call.open(this.#controller.signal);
    return messages[Symbol.asyncIterator]();
  }

  /** Resets the call if it goes on, and takes the listener off the caller's signal. */
  #end(): void {
    this.#isOver = true;
    this.#controller.abort();
  }
}

/** The messages again, once the first of them, or their end, has come. */
export async function withFirst<Message>(messages: AsyncIterable<Message>): Promise<AsyncIterable<Message>> {
  const rest = messages[Symbol.asyncIterator]();
  const first = await rest.next();
  async function* again() {
    for (let result = first; !result.done; result = await rest.next()) yield result.value;
  }
  return { [Symbol.asyncIterator]: again };
}
