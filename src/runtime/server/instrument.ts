import type { DescMessage, DescService, Message } from "@bufbuild/protobuf";
import type { ConnectError, HandlerContext, ServiceImpl } from "@connectrpc/connect";

import { UnsupportedError } from "../../errors.js";
import type { LogFields, Logger } from "../log.js";
import { describeMessage } from "./redact.js";
import { isUnforeseen, toRpcStatus } from "./rpc-status.js";

type Unary = (request: Message, context: HandlerContext) => unknown;
type Streaming = (request: Message, context: HandlerContext) => AsyncIterable<unknown>;

/**
 * The whole service around the RPCs that are there: one line in and one out in the log, every error turned
 * into a gRPC status, and an answer by name for RPCs that are not there.
 */
export function instrument<S extends DescService>(
  service: S,
  implementation: Partial<ServiceImpl<S>>,
  log: Logger,
): ServiceImpl<S> {
  const rpcs: Record<string, unknown> = implementation;
  const wrapped: Record<string, unknown> = {};
  for (const { name, localName, methodKind, input } of service.methods) {
    const work = rpcs[localName] ?? notServed(name);
    const call = new Call(name, input, log);
    wrapped[localName] =
      methodKind === "server_streaming" ? call.streaming(work as Streaming) : call.unary(work as Unary);
  }
  return wrapped as ServiceImpl<S>;
}

function notServed(rpc: string): () => never {
  return () => {
    throw new UnsupportedError(`${rpc} is not implemented by crikit-runtime yet`);
  };
}

/** What is done around every call of one RPC. */
class Call {
  readonly #rpc: string;
  readonly #input: DescMessage;
  readonly #log: Logger;
  /** Reading is too frequent to be told unless asked for. */
  readonly #level: "debug" | "info";

  constructor(rpc: string, input: DescMessage, log: Logger) {
    this.#rpc = rpc;
    this.#input = input;
    this.#log = log;
    this.#level = /^(Run|Create|Start|Stop|Remove|Pull|Update|Checkpoint|Restore)/.test(rpc)
      ? "info"
      : "debug";
  }

  unary(work: Unary): Unary {
    return async (request, context) => {
      const done = this.#begin(request);
      try {
        const answer = await work(request, context);
        done();
        return answer;
      } catch (error) {
        throw this.#fail(error, context, done);
      }
    };
  }

  streaming(work: Streaming): Streaming {
    const call = this;
    return async function* (request, context) {
      const done = call.#begin(request);
      try {
        yield* work(request, context);
        done();
      } catch (error) {
        throw call.#fail(error, context, done);
      }
    };
  }

  #begin(request: Message): (error?: unknown) => void {
    const started = performance.now();
    const about = subject(request);
    if (this.#log.isEnabled("debug")) {
      this.#log.debug(`${this.#rpc} begins`, { request: describeMessage(this.#input, request) });
    }
    return (error) => {
      const ms = Math.round(performance.now() - started);
      if (error === undefined) this.#log[this.#level](`${this.#rpc} done`, { ...about, ms });
      else this.#log.info(`${this.#rpc} failed`, { ...about, ms, error });
    };
  }

  #fail(error: unknown, { signal }: HandlerContext, done: (error: unknown) => void): ConnectError {
    const status = toRpcStatus(error, signal);
    done(status);
    if (isUnforeseen(error) && !signal.aborted && error instanceof Error) {
      this.#log.error(`${this.#rpc} ran into something unforeseen`, { stack: error.stack });
    }
    return status;
  }
}

/** Which object the call is about. */
function subject(request: Message): LogFields {
  const id = ["containerId", "podSandboxId"].find((name) => name in request);
  return Object.fromEntries(Object.entries(request).filter(([name]) => name === id));
}
