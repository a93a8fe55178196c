import { createLinkedAbortController } from "@connectrpc/connect/protocol";
import type { RpcCall } from "./rpc-call.js";

/** One call of a server-streaming RPC. */
interface StreamCall<Message> {
  /** Makes the call; it must end when the signal aborts. */
  open(signal: AbortSignal): Promise<AsyncIterable<Message>>;
  readonly call: Pick<RpcCall, "answered" | "end" | "failure" | "fail" | "leave">;
}

/**
 * The messages of a server-streaming RPC. The call is made when the first message is asked for, and ended at
 * the runtime when the reader leaves the loop: transports of connect-es leave it running. Each loop over the
 * same stream is a call of its own.
 */
export function rpcStream<Message>(
  signal: AbortSignal | undefined,
  begin: () => StreamCall<Message>,
): AsyncIterable<Message> {
  return { [Symbol.asyncIterator]: () => new RpcStreamIterator(signal, begin()) };
}

class RpcStreamIterator<Message> implements AsyncIterator<Message> {
  readonly #stream: StreamCall<Message>;
  readonly #controller: AbortController;
  #messages: Promise<AsyncIterator<Message>> | undefined;
  #isOver = false;

  constructor(signal: AbortSignal | undefined, stream: StreamCall<Message>) {
    this.#stream = stream;
    this.#controller = createLinkedAbortController(signal);
  }

  async next(): Promise<IteratorResult<Message>> {
    if (this.#isOver) return { done: true, value: undefined };
    const { call } = this.#stream;
    try {
      this.#messages ??= this.#open();
      const messages = await this.#messages;
      const result = await messages.next();
      call.answered();
      if (result.done) this.#end(() => call.end());
      // A reader that has left while it waited is told of no message.
      return this.#isOver ? { done: true, value: undefined } : result;
    } catch (error) {
      if (this.#isOver) return { done: true, value: undefined };
      const thrown = call.failure(error);
      this.#end(() => call.fail(thrown));
      throw thrown;
    }
  }

  async return(): Promise<IteratorResult<Message>> {
    this.#end(() => this.#stream.call.leave());
    return { done: true, value: undefined };
  }

  async #open(): Promise<AsyncIterator<Message>> {
    const messages = await this.#stream.open(this.#controller.signal);
    return messages[Symbol.asyncIterator]();
  }

  /** Resets the call if it goes on, and takes the listener off the caller's signal. */
  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.abort(over);
    tell();
  }
}

/** In place of the reason that an abort without one makes: that takes as long as the rest of an end. */
const over = new Error("The stream is over");

/**
 * The messages again, once the first of them, or their end, has come. No generator, which would hold the first for
 * longer than its reader does: of a list that is all of it.
 */
export async function withFirst<Message>(messages: AsyncIterable<Message>): Promise<AsyncIterable<Message>> {
  const rest = messages[Symbol.asyncIterator]();
  let first: IteratorResult<Message> | undefined = await rest.next();
  const next = async () => {
    const result = first;
    first = undefined;
    return result ?? rest.next();
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}
