import type {
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

/** What an RPC knows of its call besides the request. */
export interface CallContext {
  /** Aborts when the client has left, when the deadline has passed and when the server stops. */
  readonly signal: AbortSignal;
  /** The milliseconds until the deadline; undefined without one. */
  readonly timeoutMs: () => number | undefined;
}

/** The work of one RPC. What it throws is best a `ConnectError`; anything else tells the client nothing. */
export type Rpc<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: CallContext) => Promise<MessageInitShape<O>> | MessageInitShape<O>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
      : never;

/** The RPCs of a service by their names in TypeScript. */
export type Rpcs<S extends DescService> = { [Name in keyof S["method"]]: Rpc<S["method"][Name]> };

/** Takes up what is to be served. RPCs that are left out are answered as unimplemented. */
export interface Router {
  service<S extends DescService>(service: S, rpcs: Partial<Rpcs<S>>): void;
}
