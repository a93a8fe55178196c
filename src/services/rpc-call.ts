import { setMaxListeners } from "node:events";
import { create, type DescMethod } from "@bufbuild/protobuf";
import { InvalidArgumentError, UnavailableError } from "../errors.js";
import { secretsIn } from "../messages/mask-secrets.js";
import type { Connection } from "../transport/connection.js";
import { rpcError } from "../transport/rpc-error.js";
import type { CallOptions } from "./call-options.js";
import { isUnsupported, type LearntRpcs } from "./capabilities.js";
import type { DeadlineRule } from "./deadlines.js";
import { defaultRetries, type Retry, withRetries } from "./retry.js";
import { beginRpc, grpcStatus, type RpcOperation, tellRetry, withHeaders } from "./rpc-operation.js";

/** What every call of one RPC has in common. */
export interface Rpc<Method extends DescMethod = DescMethod> {
  readonly method: Method;
  readonly connection: Connection;
  readonly deadline: DeadlineRule<never>;
  /** Changes nothing: it may be called again when no answer came. */
  readonly isReadOnly: boolean;
  /** For calls that say nothing themselves. */
  readonly defaults: Pick<CallOptions, "timeoutMs" | "retries">;
  readonly learnt: LearntRpcs;
}

/** One call of an RPC: its tries, the error when none succeeds, and who is told of it all. */
export class RpcCall {
  readonly #rpc: Rpc;
  readonly #request: Record<string, unknown>;
  readonly #options: CallOptions;
  readonly #timeoutMs: number;
  readonly #retries: number;
  #tries = 1;
  #operation: RpcOperation | undefined;

  constructor(rpc: Rpc, request: Record<string, unknown>, options: CallOptions) {
    const { defaults, isReadOnly, deadline } = rpc;
    this.#rpc = rpc;
    this.#request = request;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? deadline(request as never, defaults.timeoutMs);
    this.#retries = isReadOnly ? (options.retries ?? defaults.retries ?? defaultRetries) : 0;
    // One signal for all calls of a program is common, and Node's warning at the eleventh would be a false one.
    if (options.signal) setMaxListeners(1_000_000, options.signal);
  }

  /** Begins the call, and tries it. `end`, `fail` or `leave` must follow. `signal` ends the tries. */
  make<T>(attempt: Attempt<T>, signal = this.#options.signal): Promise<T> {
    const { method, connection } = this.#rpc;
    const told = { request: this.#request, timeoutMs: this.#timeoutMs };
    const operation = beginRpc(method, connection, told);
    this.#operation = operation;
    if (!operation) return this.#try(attempt, this.#options.headers, signal);
    const headers = withHeaders(this.#options.headers, operation.headers);
    return operation.run(() => this.#try(attempt, headers, signal));
  }

  #try<T>(attempt: Attempt<T>, headers: CallOptions["headers"], signal: AbortSignal | undefined): Promise<T> {
    const onRetry = (retry: Retry) => tellRetry(this.#rpc, this.#operation, retry);
    const rules = { retries: this.#retries, timeoutMs: this.#timeoutMs, signal, isWorthRetry, onRetry };
    return withRetries(rules, async (leftMs, tries) => {
      this.#tries = tries;
      if (this.#operation) this.#operation.payload.tries = tries;
      try {
        return await attempt(leftMs, headers);
      } catch (error) {
        throw this.failure(error);
      }
    });
  }

  /** A message has come, or the end. */
  answered(): void {
    this.#rpc.learnt.set(this.#rpc.method.localName, true);
    if (this.#operation) this.#operation.payload.messages += 1;
  }

  /** The runtime has answered in full. */
  end(): void {
    this.#operation?.end({ "rpc.grpc.status_code": 0 });
  }

  /** The reader of a stream has left. */
  leave(): void {
    this.#operation?.end();
  }

  fail(error: unknown): void {
    this.#operation?.fail(error, { "rpc.grpc.status_code": grpcStatus(error) });
  }

  /** What to throw for what the transport has thrown. */
  failure(error: unknown): unknown {
    const { method, connection, learnt } = this.#rpc;
    const thrown = rpcError(error, {
      rpc: method.name,
      endpoint: connection.endpoint,
      signal: this.#options.signal,
      timeoutMs: this.#timeoutMs,
      tries: this.#tries,
      secrets: () => secretsIn(method.input, create(method.input, this.#request)),
    });
    if (isUnsupported(thrown)) learnt.set(method.localName, false);
    return thrown;
  }
}

type Attempt<T> = (timeoutMs: number, headers: CallOptions["headers"]) => Promise<T>;

function isWorthRetry(error: unknown): boolean {
  return error instanceof UnavailableError;
}

/** @throws InvalidArgumentError that names the option. */
export function checkOptions({ timeoutMs, retries }: Pick<CallOptions, "timeoutMs" | "retries">): void {
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
    throw new InvalidArgumentError(`Option timeoutMs is ${timeoutMs}: give milliseconds, 0 for no limit`, {
      field: "timeoutMs",
    });
  }
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
    throw new InvalidArgumentError(`Option retries is ${retries}: give a whole number, 0 for none`, {
      field: "retries",
    });
  }
}
