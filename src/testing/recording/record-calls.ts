import type { Message } from "@bufbuild/protobuf";
import { ConnectError, type Interceptor, type StreamResponse } from "@connectrpc/connect";
import { messageToJson } from "../../messages/json.js";
import { redact } from "../../messages/redact.js";
import type { RecordedCall, RecordedEnd } from "./recorded-call.js";

/** The calls of a client, written down as they are made. */
export interface Recording {
  /** For the option `interceptors` of `connect()`. */
  readonly interceptor: Interceptor;
  /** What was recorded so far: a line of JSON for each call, for {@link replayCalls}. */
  text(): string;
}

/**
 * Writes down what a client asks a runtime and is answered, so that it can be played again without the runtime: a
 * fault that a user has can be brought home and become a test. Requests are recorded without secrets, environments and
 * annotations; answers whole, so look at what a verbose status tells before you pass it on. Sessions (exec, attach,
 * port-forward) and logs do not go through RPCs and are not in it.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 *
 * const recording = recordCalls();
 * await using cri = await connect(undefined, { interceptors: [recording.interceptor] });
 * await cri.pods.list();
 * await writeFile("calls.jsonl", recording.text());
 * ```
 */
export function recordCalls(): Recording {
  const calls: RecordedCall[] = [];
  const begin = (rpc: string, request: Message | undefined): RecordedCall => {
    const call: RecordedCall = { rpc, request: request ? redact(request) : {}, replies: [], end: "left" };
    calls.push(call);
    return call;
  };
  return {
    interceptor: (next) => async (request) => {
      const sent = request.stream ? await all(request.message) : [request.message];
      const call = begin(request.method.name, sent[0]);
      const failed = (error: unknown) => {
        if (!request.signal.aborted) call.end = endOf(error);
        throw error;
      };
      const response = await next(request.stream ? { ...request, message: each(sent) } : request).catch(
        failed,
      );
      if (response.stream) return { ...response, message: record(call, response, failed) };
      call.replies.push(messageToJson(response.message));
      call.end = "done";
      return response;
    },
    text: () => calls.map((call) => `${JSON.stringify(call)}\n`).join(""),
  };
}

async function* record(
  call: RecordedCall,
  { message: messages }: StreamResponse,
  failed: (error: unknown) => never,
): AsyncGenerator<Message> {
  try {
    for await (const message of messages) {
      call.replies.push(messageToJson(message));
      yield message;
    }
    call.end = "done";
  } catch (error) {
    failed(error);
  }
}

function endOf(error: unknown): RecordedEnd {
  const { code, rawMessage } = ConnectError.from(error);
  return { code, message: rawMessage };
}

async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const message of messages) items.push(message);
  return items;
}

async function* each<T>(messages: T[]): AsyncGenerator<T> {
  yield* messages;
}
