import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createLinkedAbortController } from "@connectrpc/connect/protocol";
import { abortable } from "../../async/abort.js";
import type { RuntimeService } from "../../proto.js";
import { hasDeadline, startDeadline } from "../../transport/deadline.js";
import type { CallContext, Rpcs } from "../../wire/grpc-server/rpcs.js";

/** Calls go straight to the RPCs, with messages that are copied on their way as if they were sent. */
export function insideTransport(rpcs: Rpcs<typeof RuntimeService>): Transport {
  const works = rpcs as unknown as Record<string, (request: Message, context: CallContext) => unknown>;
  const work = (method: DescMethod, input: unknown, call: Call) =>
    works[method.localName]?.(sent(method.input, input), call);
  return {
    async unary(method, signal, timeoutMs, _header, input) {
      using call = new Call(signal, timeoutMs);
      const answer = await abortable(Promise.resolve(work(method, input, call)), call.signal);
      return { ...head(method), stream: false, method, message: sent(method.output, answer) };
    },
    async stream(method, signal, timeoutMs, _header, inputs) {
      const { value: input } = await inputs[Symbol.asyncIterator]().next();
      async function* messages() {
        using call = new Call(signal, timeoutMs);
        const answers = work(method, input, call) as AsyncIterable<unknown>;
        for await (const message of answers) yield sent(method.output, message);
      }
      return { ...head(method), stream: true, method, message: messages() };
    },
  };
}

/** What an RPC knows of its call, which has ended when this is disposed of. */
class Call implements CallContext, Disposable {
  readonly #controller: AbortController;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly timeoutMs: () => number | undefined;

  constructor(signal: AbortSignal | undefined, timeoutMs: number | undefined) {
    this.#controller = createLinkedAbortController(signal);
    this.timeoutMs = () => timeoutMs;
    const expired = new ConnectError("the operation timed out", Code.DeadlineExceeded);
    if (hasDeadline(timeoutMs)) this.#timer = startDeadline(timeoutMs, () => this.#controller.abort(expired));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

function head(method: DescMethod) {
  return { service: method.parent, header: new Headers(), trailer: new Headers() };
}

function sent<Desc extends DescMessage>(desc: Desc, message: unknown): MessageShape<Desc> {
  return fromBinary(desc, toBinary(desc, create(desc, message as MessageInitShape<Desc>)));
}
