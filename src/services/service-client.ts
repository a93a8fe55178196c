import { setMaxListeners } from "node:events";
import type {
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { InvalidArgumentError } from "../errors.js";
import type { Connection } from "../transport/connection.js";
import { type FailedCall, rpcError } from "../transport/rpc-error.js";
import type { CallOptions } from "./call-options.js";
import { isUnsupported, type LearntRpcs, learntRpcs } from "./capabilities.js";
import type { DeadlineRule, Deadlines } from "./deadlines.js";
import { rpcStream } from "./rpc-stream.js";

/** One method per RPC of a service, each with the RPC's name and comment. */
export type ServiceClient<Service extends DescService> = {
  [Rpc in keyof Service["method"]]: ServiceMethod<Service["method"][Rpc]>;
};

type ServiceMethod<Method> =
  Method extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageInitShape<Input>, options?: CallOptions) => Promise<MessageShape<Output>>
    : Method extends DescMethodServerStreaming<infer Input, infer Output>
      ? (request: MessageInitShape<Input>, options?: CallOptions) => AsyncIterable<MessageShape<Output>>
      : never;

export interface ServiceOptions {
  /**
   * In place of the deadlines that RPCs have by default, in milliseconds; 0 for none. What an RPC adds to its
   * deadline (the grace period of StopContainer, the time of an ExecSync) it adds to this one, too. Streams and
   * PullImage have none unless a call says one.
   */
  timeoutMs?: number | undefined;
}

interface RpcContext {
  readonly connection: Connection;
  readonly rule: DeadlineRule<never>;
  readonly baseMs: number | undefined;
  readonly learnt: LearntRpcs;
}

/** Makes the client of one service: a deadline per RPC, errors as `CriError`s, streams that `break` ends. */
export function createServiceClient<Service extends DescService>(
  service: Service,
  deadlines: Deadlines<Service>,
  connection: Connection,
  { timeoutMs: baseMs }: ServiceOptions,
): ServiceClient<Service> {
  checkTimeout(baseMs);
  const learnt = learntRpcs(connection);
  const rules: Record<string, DeadlineRule<never>> = deadlines;
  const client: Record<string, unknown> = {};
  for (const method of service.methods) {
    const rule = rules[method.localName];
    if (!rule) throw new Error(`${method.name} has no rule for its deadline`);
    const context = { connection, rule, baseMs, learnt };
    if (isUnary(method)) client[method.localName] = unaryMethod(method, context);
    if (isServerStreaming(method)) client[method.localName] = streamMethod(method, context);
  }
  return client as ServiceClient<Service>;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isServerStreaming(method: DescMethod): method is DescMethodServerStreaming {
  return method.methodKind === "server_streaming";
}

function unaryMethod(method: DescMethodUnary, context: RpcContext): ServiceMethod<DescMethodUnary> {
  const { transport } = context.connection;
  return async (request, options = {}) => {
    const timeoutMs = deadlineOf(request, options, context);
    const { signal, headers } = options;
    expectListeners(signal);
    try {
      const { message } = await transport.unary(method, signal, timeoutMs, headers, request);
      context.learnt.set(method.localName, true);
      return message;
    } catch (error) {
      throw failure(error, method, context, { signal, timeoutMs });
    }
  };
}

function streamMethod(
  method: DescMethodServerStreaming,
  context: RpcContext,
): ServiceMethod<DescMethodServerStreaming> {
  const { transport } = context.connection;
  return (request, options = {}) => {
    const timeoutMs = deadlineOf(request, options, context);
    const { signal, headers } = options;
    expectListeners(signal);
    return rpcStream({
      signal,
      async open(own) {
        const requests = createAsyncIterable([request]);
        return (await transport.stream(method, own, timeoutMs, headers, requests)).message;
      },
      onAnswer: () => context.learnt.set(method.localName, true),
      mapError: (error) => failure(error, method, context, { signal, timeoutMs }),
    });
  };
}

/** One signal for all calls of a program is common, and Node's warning at the eleventh would be a false one. */
function expectListeners(signal: AbortSignal | undefined): void {
  if (signal) setMaxListeners(1_000_000, signal);
}

function deadlineOf(request: unknown, { timeoutMs }: CallOptions, { rule, baseMs }: RpcContext): number {
  checkTimeout(timeoutMs);
  return timeoutMs ?? rule(request as never, baseMs);
}

function checkTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || timeoutMs >= 0) return;
  throw new InvalidArgumentError(`Option timeoutMs is ${timeoutMs}: give milliseconds, 0 for no limit`, {
    field: "timeoutMs",
  });
}

function failure(
  error: unknown,
  method: { name: string; localName: string },
  { connection, learnt }: RpcContext,
  call: Pick<FailedCall, "signal" | "timeoutMs">,
): unknown {
  const thrown = rpcError(error, { rpc: method.name, endpoint: connection.endpoint, ...call });
  if (isUnsupported(thrown)) learnt.set(method.localName, false);
  return thrown;
}
