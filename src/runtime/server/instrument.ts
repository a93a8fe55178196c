import type { DescMessage, DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";

import { maskSecrets, secretsIn } from "../../messages/mask-secrets.js";
import type { CallContext, Rpcs } from "../../wire/grpc-server/rpcs.js";
import { toRpcStatus } from "../../wire/rpc-status.js";
import type { Logger } from "../log.js";
import { Calls } from "./calls.js";
import { type CallLog, logCall } from "./rpc-log.js";

type Unary = (request: Message, context: CallContext) => unknown;
type Streaming = (request: Message, context: CallContext) => AsyncIterable<unknown>;

/**
 * The service around its RPCs: one line in and one out in the log, every error turned into a gRPC status without
 * secrets. `calls` knows which are under way.
 */
export function instrument<S extends DescService>(
  service: S,
  implementation: Partial<Rpcs<S>>,
  log: Logger,
  calls = new Calls(),
): Rpcs<S> {
  const rpcs: Record<string, unknown> = implementation;
  const wrapped: Record<string, unknown> = {};
  for (const method of service.methods) {
    const work = rpcs[method.localName];
    if (work === undefined) continue;
    wrapped[method.localName] =
      method.methodKind === "server_streaming"
        ? streaming(method, work as Streaming, log)
        : tracked(calls, unary(method, work as Unary, log));
  }
  return wrapped as Rpcs<S>;
}

function tracked(calls: Calls, call: (request: Message, context: CallContext) => Promise<unknown>): Unary {
  return (request, context) => calls.track(call(request, context));
}

function unary({ name: rpc, input }: DescMethod, work: Unary, log: Logger) {
  return async (request: Message, context: CallContext) => {
    const call = logCall(log, { rpc, input }, request);
    try {
      const answer = await work(request, context);
      call.done(answer);
      return answer;
    } catch (error) {
      throw fail(call, error, { input, request, context });
    }
  };
}

function streaming({ name: rpc, input }: DescMethod, work: Streaming, log: Logger): Streaming {
  return async function* (request, context) {
    const call = logCall(log, { rpc, input }, request);
    // What ends the stream while an item is being sent is the client, not the work.
    let sending = false;
    try {
      for await (const item of work(request, context)) {
        sending = true;
        yield item;
        sending = false;
      }
      call.done();
    } catch (error) {
      throw sending ? error : fail(call, error, { input, request, context });
    } finally {
      if (sending) call.left();
    }
  };
}

function fail(
  call: CallLog,
  error: unknown,
  { input, request, context }: { input: DescMessage; request: Message; context: CallContext },
): ConnectError {
  const secrets = secretsIn(input, request);
  const status = toRpcStatus(error, context.signal, (text) => maskSecrets(text, secrets));
  call.failed(status, error);
  return status;
}
