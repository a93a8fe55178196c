import type {
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import type { Connection } from "../transport/connection.js";
import type { CallOptions } from "./call-options.js";
import { learntRpcs } from "./capabilities.js";
import type { DeadlineRule, Deadlines } from "./deadlines.js";
import type { ReadOnly } from "./read-only.js";
import { checkOptions, type Rpc, RpcCall } from "./rpc-call.js";
import { rpcStream, withFirst } from "./rpc-stream.js";

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

/** What holds for all calls of a service's client. */
export interface ServiceOptions {
  /**
   * In place of the deadlines that RPCs have by default, in milliseconds; 0 for none. What an RPC adds to its
   * deadline (the grace period of StopContainer, the time of an ExecSync) it adds to this one, too. Streams and
   * PullImage have none unless a call says one.
   */
  timeoutMs?: number | undefined;
  /** For calls that say nothing themselves: see `CallOptions`. */
  retries?: number | undefined;
}

/** What is known of each RPC of a service. */
export interface ServiceRules<Service extends DescService> {
  readonly deadlines: Deadlines<Service>;
  readonly readOnly: ReadOnly<Service>;
}

/** Makes the client of one service: a deadline per RPC, errors as `CriError`s, streams that `break` ends. */
export function createServiceClient<Service extends DescService>(
  service: Service,
  rules: ServiceRules<Service>,
  connection: Connection,
  defaults: ServiceOptions,
): ServiceClient<Service> {
  checkOptions(defaults);
  const learnt = learntRpcs(connection);
  const deadlines: Record<string, DeadlineRule<never>> = rules.deadlines;
  const readOnly: Record<string, boolean> = rules.readOnly;
  const client: Record<string, unknown> = {};
  for (const method of service.methods) {
    const deadline = deadlines[method.localName];
    const isReadOnly = readOnly[method.localName];
    if (!deadline || isReadOnly === undefined) throw new Error(`There are no rules for ${method.name}`);
    const rpc = { connection, deadline, isReadOnly, defaults, learnt };
    if (isUnary(method)) client[method.localName] = unaryMethod({ ...rpc, method });
    if (isServerStreaming(method)) client[method.localName] = streamMethod({ ...rpc, method });
  }
  return client as ServiceClient<Service>;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isServerStreaming(method: DescMethod): method is DescMethodServerStreaming {
  return method.methodKind === "server_streaming";
}

function unaryMethod(rpc: Rpc<DescMethodUnary>): ServiceMethod<DescMethodUnary> {
  const { method, connection } = rpc;
  return async (request, options = {}) => {
    checkOptions(options);
    const { signal } = options;
    const call = new RpcCall(rpc, request, options);
    try {
      const { message } = await call.make((timeoutMs, headers) =>
        connection.transport.unary(method, signal, timeoutMs, headers, request),
      );
      call.answered();
      call.end();
      return message;
    } catch (error) {
      call.fail(error);
      throw error;
    }
  };
}

function streamMethod(rpc: Rpc<DescMethodServerStreaming>): ServiceMethod<DescMethodServerStreaming> {
  const { method, connection } = rpc;
  return (request, options = {}) => {
    checkOptions(options);
    return rpcStream(options.signal, () => {
      const call = new RpcCall(rpc, request, options);
      const open = (signal: AbortSignal) =>
        call.make(async (timeoutMs, headers) => {
          const requests = createAsyncIterable([request]);
          const { message } = await connection.transport.stream(method, signal, timeoutMs, headers, requests);
          // Until the first message has come the call can be made again, and the header may come long before.
          return rpc.isReadOnly ? withFirst(message) : message;
        }, signal);
      return { call, open };
    });
  };
}
