import { setMaxListeners } from "node:events";
import type { Interceptor, Transport } from "@connectrpc/connect";
import { deferred } from "../async/deferred.js";
import type { OpenTelemetryApi } from "../diagnostics/open-telemetry.js";
import { abortableTransport } from "./abortable-transport.js";
import type { Endpoint } from "./endpoint.js";
import { closeError, Sessions } from "./sessions.js";
import { createUnixTransport } from "./unix-transport.js";

/** How calls reach the runtime. */
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
  /**
   * The module `@opentelemetry/api`, for a span of every call, session and log, and for the trace context to be sent to
   * the runtime. `connect()` finds it by itself where it is installed, and takes `false` for none; `openConnection()`
   * wants to be given it.
   */
  openTelemetry?: OpenTelemetryApi | false | undefined;
}

/** One runtime, called over one HTTP/2 session that is dialled when first needed and again when it ended. */
export interface Connection {
  /** The endpoint that it was opened to. */
  readonly endpoint: Endpoint;
  /** For clients of connect-es (`createClient`) on the same session. */
  readonly transport: Transport;
  /** Where spans go; undefined where there are none. */
  readonly tracing: OpenTelemetryApi | undefined;
  /** Ends the session and the calls in flight, which fail with the code `closed`. More calls do nothing. */
  close(): void;
  /** Resolves once `close` was called and the session is gone. */
  readonly closed: Promise<void>;
}

/** What kubelet takes. */
const defaultMaxMessageBytes = 16 * 1024 * 1024;

/**
 * Makes no request and no socket: the first call dials.
 *
 * @example
 * ```ts
 * const connection = openConnection(parseEndpoint(cri.endpoint));
 * console.log((await createRuntimeClient(connection).version({})).runtimeName);
 * connection.close();
 * await connection.closed;
 * ```
 */
export function openConnection(endpoint: Endpoint, options: ConnectionOptions = {}): Connection {
  const tracing = options.openTelemetry || undefined;
  if (options.transport) return closable(endpoint, options.transport, tracing);
  const { maxMessageBytes = defaultMaxMessageBytes, interceptors = [] } = options;
  const sessions = new Sessions(endpoint);
  return {
    endpoint,
    tracing,
    transport: createUnixTransport({ sessions, maxMessageBytes }, interceptors),
    close: () => sessions.close(),
    closed: sessions.closed,
  };
}

/** A transport from elsewhere has no way to close it: its calls are ended instead. */
function closable(
  endpoint: Endpoint,
  transport: Transport,
  tracing: OpenTelemetryApi | undefined,
): Connection {
  const controller = new AbortController();
  // One listener for each call in flight is no leak.
  setMaxListeners(0, controller.signal);
  const closed = deferred<void>();
  return {
    endpoint,
    tracing,
    transport: abortableTransport(transport, controller.signal),
    close() {
      controller.abort(closeError());
      closed.resolve();
    },
    closed: closed.promise,
  };
}
