import type { DescService } from "@bufbuild/protobuf";

import { sleep } from "../../async/abort.js";
import { CriError, type CriErrorCode, UnavailableError, UnsupportedError } from "../../errors.js";
import type { ImageService, RuntimeService } from "../../proto.js";
import type { CallContext, Rpcs } from "../../wire/grpc-server/rpcs.js";
import { toRpcStatus } from "../../wire/rpc-status.js";
import type { Answers } from "./answers.js";

/** An RPC by its name on `cri.runtime` or `cri.image`. */
export type RpcName = keyof (typeof RuntimeService)["method"] | keyof (typeof ImageService)["method"];

/** The codes that a runtime can be the cause of. */
export type FaultCode = Exclude<
  CriErrorCode,
  | "not_running"
  | "no_permission"
  | "stale_socket"
  | "no_endpoint"
  | "non_zero_exit"
  | "credentials_failed"
  | "image_never_pull"
  | "closed"
>;

/** What is to go wrong with a call: the delay first, then the rest. */
export interface Fault {
  /**
   * `start`: before anything is done, which is the default. `end`: once it is done and only the answer is missing.
   * A number: after that many messages of a stream.
   */
  readonly at?: "start" | "end" | number | undefined;
  /** How long to wait first, in milliseconds. */
  readonly delayMs?: number | undefined;
  /** The code that the client's `CriError` shall have; `unsupported` is a runtime without this RPC. */
  readonly error?: FaultCode | undefined;
  /** The message of the error; one that names the RPC unless told. */
  readonly message?: string | undefined;
  /** Every client's connection breaks, as if the runtime had died, and can be made again at once. */
  readonly cut?: boolean | undefined;
}

/** The faults that were ordered, and the carrying out of them. */
export class Faults {
  readonly #ordered: { rpc: RpcName; fault: Fault; times: number }[] = [];
  readonly #cut: () => void;

  constructor(cut: () => void) {
    this.#cut = cut;
  }

  add(rpc: RpcName, fault: Fault, times: number): void {
    this.#ordered.push({ rpc, fault, times });
  }

  clear(): void {
    this.#ordered.length = 0;
  }

  take(rpc: string): Fault {
    const index = this.#ordered.findIndex((order) => order.rpc === rpc);
    const order = this.#ordered[index];
    if (!order) return {};
    order.times -= 1;
    if (order.times <= 0) this.#ordered.splice(index, 1);
    return order.fault;
  }

  /** Does what the fault says if this is its point in the call. */
  async strike(
    { at = "start", delayMs, error, message, cut }: Fault,
    now: Fault["at"],
    signal: AbortSignal,
  ): Promise<void> {
    if (at !== now) return;
    if (delayMs) await sleep(delayMs, signal);
    if (cut) {
      this.#cut();
      throw new UnavailableError("The connection was cut by a fault");
    }
    if (error) throw new CriError(error, message ?? defaultMessage(error));
  }
}

/** Clients know this one by its words. */
function defaultMessage(error: FaultCode): string {
  return error === "name_reserved" ? "The name is reserved" : "A fault that the test has ordered";
}

type Unary = (request: unknown, context: CallContext) => unknown;
type Streaming = (request: unknown, context: CallContext) => AsyncIterable<unknown>;

export interface Wrapping {
  readonly faults: Faults;
  readonly answers: Answers;
  onCall(rpc: string, request: unknown): void;
}

/**
 * The service with its faults and with what the test answers by itself: every call is told to `onCall`, every
 * error becomes a gRPC status.
 */
export function withFaults<S extends DescService>(
  service: S,
  rpcs: Partial<Rpcs<S>>,
  { faults, answers, onCall }: Wrapping,
): Rpcs<S> {
  const implementation: Record<string, unknown> = rpcs;
  const wrapped: Record<string, unknown> = {};
  for (const { localName: rpc, methodKind } of service.methods) {
    const work = answers.over(rpc, (implementation[rpc] ?? notServed(rpc)) as Unary);
    const wrap = methodKind === "server_streaming" ? streaming : unary;
    wrapped[rpc] = wrap(work as Unary & Streaming, (request) => {
      onCall(rpc, request);
      const fault = faults.take(rpc);
      return (now, signal) => faults.strike(fault, now, signal);
    });
  }
  return wrapped as Rpcs<S>;
}

type Begin = (request: unknown) => (now: Fault["at"], signal: AbortSignal) => Promise<void>;

function unary(work: Unary, begin: Begin): Unary {
  return async (request, context) => {
    const strike = begin(request);
    try {
      await strike("start", context.signal);
      const answer = await work(request, context);
      await strike("end", context.signal);
      return answer;
    } catch (error) {
      throw toRpcStatus(error, context.signal);
    }
  };
}

function streaming(work: Streaming, begin: Begin): Streaming {
  return async function* (request, context) {
    const strike = begin(request);
    let sent = 0;
    try {
      await strike("start", context.signal);
      await strike(sent, context.signal);
      for await (const message of work(request, context)) {
        yield message;
        sent += 1;
        await strike(sent, context.signal);
      }
      await strike("end", context.signal);
    } catch (error) {
      throw toRpcStatus(error, context.signal);
    }
  };
}

function notServed(rpc: string): () => never {
  return () => {
    throw new UnsupportedError(`${rpc} is not served by the fake runtime`);
  };
}
