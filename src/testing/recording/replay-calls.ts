import { type DescMethod, fromJson, type Message } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { abortable } from "../../async/abort.js";
import { redact } from "../../messages/redact.js";
import { Answers } from "./answers.js";
import { parseRecording, type RecordedCall } from "./recorded-call.js";

/**
 * Answers a client's calls from the text of a {@link recordCalls}. No runtime is asked; the endpoint is a name only.
 * A call is answered as the one with the same request was; made again, as that was the next time, and in the end as
 * the last time. What changes something and was not asked for in these words (the SDK makes up a uid for a pod without
 * one) gets the next answer of its RPC. A stream that was left stays quiet behind its last message, until it is left.
 *
 * @throws InvalidArgumentError for a text that is no recording. A call that the recording cannot answer fails with
 * `not_found`, naming it.
 *
 * @example
 * ```ts
 * const recording = recordCalls();
 * await using cri = await connect(undefined, { interceptors: [recording.interceptor] });
 * await cri.pods.list();
 *
 * const interceptors = [replayCalls(recording.text())];
 * await using again = await connect("unix:///recorded.sock", { interceptors });
 * console.log(await again.pods.list());
 * ```
 */
export function replayCalls(recording: string): Interceptor {
  const answers = new Answers(parseRecording(recording));
  return () => async (request) => {
    request.signal.throwIfAborted();
    return request.stream ? replayStream(answers, request) : replayUnary(answers, request);
  };
}

function replayUnary(answers: Answers, request: UnaryRequest): UnaryResponse {
  const { method } = request;
  const call = recorded(answers, method, request.message);
  const [reply] = call.replies;
  if (reply === undefined) throw failure(call);
  return { ...frame(request), stream: false, method, message: fromJson(method.output, reply) };
}

async function replayStream(answers: Answers, request: StreamRequest): Promise<StreamResponse> {
  const { method } = request;
  const { value: sent } = await request.message[Symbol.asyncIterator]().next();
  const call = recorded(answers, method, sent);
  return { ...frame(request), stream: true, method, message: messages(call, request) };
}

async function* messages(call: RecordedCall, { method, signal }: StreamRequest): AsyncGenerator<Message> {
  for (const reply of call.replies) yield fromJson(method.output, reply);
  if (call.end === "left") await abortable(new Promise<never>(() => {}), signal);
  if (call.end !== "done") throw failure(call);
}

function recorded(answers: Answers, method: DescMethod, message: Message): RecordedCall {
  const request = redact(message);
  const call = answers.next(method, request);
  if (call) return call;
  throw new ConnectError(`The recording has no answer for ${JSON.stringify(request)}`, Code.NotFound);
}

/** A call that was left before its answer has none. */
function failure({ end }: RecordedCall): ConnectError {
  if (typeof end === "string") return new ConnectError("Its answer was not waited for", Code.Canceled);
  return new ConnectError(end.message, end.code);
}

function frame({ service }: UnaryRequest | StreamRequest) {
  return { service, header: new Headers(), trailer: new Headers() };
}
