import type { Interceptor, Transport } from "@connectrpc/connect";
import type { Endpoint } from "./endpoint.js";

export interface ConnectionOptions {
  /**
   * A transport of connect-es to use in place of crikit's own, for example `createGrpcTransport` of
   * `@connectrpc/connect-node` or `createRouterTransport` in tests. The other options are then its own affair.
   */
  transport?: Transport | undefined;
  /**
   * The longest message that is taken from the runtime, in bytes; 16 MiB unless told, as kubelet does. A list
   * of very many containers can be longer: CRI-O sends up to 80 MiB.
   */
  maxMessageBytes?: number | undefined;
  /** As in connect-es: the first is the outermost. */
  interceptors?: Interceptor[] | undefined;
}

/** One runtime, called over one HTTP/2 session that is dialled when first needed and again when it ended. */
export interface Connection {
  readonly endpoint: Endpoint;
  /** For clients of connect-es (`createClient`) on the same session. */
  readonly transport: Transport;
  /** Ends the session and the calls in flight, which fail with the code `closed`. More calls do nothing. */
  close(): void;
  /** Resolves once `close` was called and the session is gone. */
  readonly closed: Promise<void>;
}

/** Makes no request and no socket: the first call dials. */
export function openConnection(endpoint: Endpoint, options: ConnectionOptions = {}): Connection {
  const { transport } = options;
  if (!transport) throw new Error("The transport over node:http2 comes with the next commit");
  return { endpoint, transport, close() {}, closed: new Promise(() => {}) };
}
