import { create, type DescMethod } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { channels, type RetryDiagnostics, type RpcDiagnostics } from "../diagnostics/channels.js";
import { Operation } from "../diagnostics/operation.js";
import { CriError } from "../errors.js";
import { redactAs } from "../messages/redact.js";
import type { Connection } from "../transport/connection.js";
import type { CallOptions } from "./call-options.js";
import type { Retry } from "./retry.js";

export type RpcOperation = Operation<RpcDiagnostics>;

/** Begins to tell of a call. */
export function beginRpc(
  method: DescMethod,
  { endpoint, tracing }: Connection,
  call: { request: Record<string, unknown>; timeoutMs: number },
): RpcOperation | undefined {
  return Operation.begin({ channel: channels.rpc, tracing }, () => ({
    payload: new RpcTold(method, endpoint.address, call),
    span: {
      name: `${method.parent.typeName}/${method.name}`,
      attributes: {
        "rpc.system": "grpc",
        "rpc.service": method.parent.typeName,
        "rpc.method": method.name,
        "network.transport": "unix",
        "server.address": endpoint.path,
      },
    },
  }));
}

/** Tells that a call is about to be tried again. */
export function tellRetry(
  { method, connection }: { method: DescMethod; connection: Connection },
  operation: RpcOperation | undefined,
  { tries, delayMs, error }: Retry,
): void {
  operation?.addEvent("retry", { "crikit.tries": tries, "crikit.delay_ms": Math.round(delayMs) });
  if (!channels.retry.hasSubscribers) return;
  const event: RetryDiagnostics = {
    endpoint: connection.endpoint.address,
    rpc: method.name,
    tries,
    delayMs,
    error,
  };
  channels.retry.publish(event);
}

/** The number of the gRPC status; undefined where none is behind the error. */
export function grpcStatus(error: unknown): number | undefined {
  const cause = error instanceof CriError ? error.cause : undefined;
  return cause instanceof ConnectError ? cause.code : undefined;
}

/** What the caller has set himself stands. */
export function withHeaders(
  own: CallOptions["headers"],
  more: Record<string, string>,
): CallOptions["headers"] {
  const added = Object.entries(more);
  if (added.length === 0) return own;
  const headers = new Headers(own);
  for (const [name, value] of added) if (!headers.has(name)) headers.set(name, value);
  return headers;
}

class RpcTold implements RpcDiagnostics {
  readonly rpc: string;
  readonly service: string;
  readonly endpoint: string;
  readonly kind: "unary" | "stream";
  readonly timeoutMs: number;
  tries = 1;
  messages = 0;
  error?: unknown;
  /** Not to be seen by who looks at this in a log. */
  readonly #request: () => Readonly<Record<string, unknown>>;

  constructor(
    { name, parent, methodKind, input }: DescMethod,
    endpoint: string,
    { request, timeoutMs }: { request: Record<string, unknown>; timeoutMs: number },
  ) {
    this.rpc = name;
    this.service = parent.typeName;
    this.endpoint = endpoint;
    this.kind = methodKind === "unary" ? "unary" : "stream";
    this.timeoutMs = timeoutMs;
    this.#request = () => redactAs(input, create(input, request));
  }

  get request(): Readonly<Record<string, unknown>> {
    return this.#request();
  }
}
