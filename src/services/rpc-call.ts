import { setMaxListeners } from "node:events";
import { create, type DescMethod } from "@bufbuild/protobuf";
import { InvalidArgumentError, UnavailableError } from "../errors.js";
import { secretsIn } from "../messages/mask-secrets.js";
import type { Connection } from "../transport/connection.js";
import { rpcError } from "../transport/rpc-error.js";
import type { CallOptions } from "./call-options.js";
import { isUnsupported, type LearntRpcs } from "./capabilities.js";
import type { DeadlineRule } from "./deadlines.js";
import { defaultRetries, withRetries } from "./retry.js";

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

/** One call of an RPC: its tries, and the error when none succeeds. */
export class RpcCall {
  readonly #rpc: Rpc;
  readonly #request: Record<string, unknown>;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly signal: AbortSignal | undefined;
  #tries = 1;

  constructor(rpc: Rpc, request: Record<string, unknown>, options: CallOptions) {
    const { defaults, isReadOnly, deadline } = rpc;
    this.#rpc = rpc;
    this.#request = request;
    this.#timeoutMs = options.timeoutMs ?? deadline(request as never, defaults.timeoutMs);
    this.#retries = isReadOnly ? (options.retries ?? defaults.retries ?? defaultRetries) : 0;
    this.signal = options.signal;
    // One signal for all calls of a program is common, and Node's warning at the eleventh would be a false one.
    if (this.signal) setMaxListeners(1_000_000, this.signal);
  }

  /** `signal` ends the tries; the caller's own unless another, which aborts with it, is given. */
  make<T>(attempt: (timeoutMs: number) => Promise<T>, signal = this.signal): Promise<T> {
    const rules = { retries: this.#retries, timeoutMs: this.#timeoutMs, signal, isWorthRetry };
    return withRetries(rules, async (leftMs, tries) => {
      this.#tries = tries;
      try {
        return await attempt(leftMs);
      } catch (error) {
        throw this.failure(error);
      }
    });
  }

  /** What to throw for what the transport has thrown. */
  failure(error: unknown): unknown {
    const { method, connection, learnt } = this.#rpc;
    const thrown = rpcError(error, {
      rpc: method.name,
      endpoint: connection.endpoint,
      signal: this.signal,
      timeoutMs: this.#timeoutMs,
      tries: this.#tries,
      secrets: () => secretsIn(method.input, create(method.input, this.#request)),
    });
    if (isUnsupported(thrown)) learnt.set(method.localName, false);
    return thrown;
  }
}

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
