import type { ImageService, RuntimeService } from "../../proto.js";
import type { CallContext, Rpcs as ServiceRpcs } from "../../wire/grpc-server/rpcs.js";
import type { RpcName } from "./faults.js";

type Rpcs = ServiceRpcs<typeof RuntimeService> & ServiceRpcs<typeof ImageService>;

/** What a client asks of an RPC. */
export type FakeRequest<Rpc extends RpcName> = Parameters<Rpcs[Rpc]>[0];

/** The call of one RPC, as the handler that answers it sees it. */
export interface FakeRpcCall<Rpc extends RpcName> {
  /** Aborts when the client has given the call up. */
  readonly signal: AbortSignal;
  /** Has the fake do what it was asked, and gives its answer. */
  next(): ReturnType<Rpcs[Rpc]>;
}

/**
 * Answers an RPC: with its response, or for a streaming one with its messages. What it throws is the client's
 * error: a `CriError` with its code.
 */
export type FakeRpcHandler<Rpc extends RpcName> = (
  request: FakeRequest<Rpc>,
  call: FakeRpcCall<Rpc>,
) => ReturnType<Rpcs[Rpc]>;

type Rpc = (request: unknown, context: CallContext) => unknown;
type Handler = (request: unknown, call: { signal: AbortSignal; next(): unknown }) => unknown;

/** The RPCs that the test answers by itself. */
export class Answers {
  readonly #handlers = new Map<string, Handler>();

  set(rpc: RpcName, handler: unknown): void {
    this.#handlers.set(rpc, handler as Handler);
  }

  /** The RPC as it is to be served: by its handler, where it has one when the call comes in. */
  over(name: string, rpc: Rpc): Rpc {
    return (request, context) => {
      const next = () => rpc(request, context);
      const handler = this.#handlers.get(name);
      return handler ? handler(request, { signal: context.signal, next }) : next();
    };
  }
}
