import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";

import { InvalidArgumentError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { ApiContext } from "./context.js";
import { observeConnection } from "./session-operation.js";

/** Where to listen for connections into the pod. */
export interface ForwardOptions extends CallOptions {
  /** The local port to listen on; a free one unless told. */
  port?: number | undefined;
  /** The local address to listen on; `127.0.0.1` unless told. */
  host?: string | undefined;
  /** Told when one connection failed; the others go on. */
  onError?: ((error: unknown) => void) | undefined;
}

/** A local listener whose connections lead into a pod. */
export interface PortForward extends AsyncDisposable {
  /** The local address that it listens on. */
  readonly host: string;
  /** The local port that it listens on. */
  readonly port: number;
  /** Ends the listener and its connections. Again: nothing more happens. */
  close(): Promise<void>;
}

/** Opens one connection to a port of the pod. What comes of it goes to the stream's reader, or `into` a socket. */
export async function connectPort(
  context: ApiContext,
  podSandboxId: string,
  port: number,
  { signal, headers, timeoutMs, into }: CallOptions & { into?: Socket },
): Promise<Duplex> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError(`Port ${port} is not a number from 1 to 65535`, { field: "port" });
  }
  const newUrl = async () => {
    const call = { signal, headers, timeoutMs };
    return (await context.runtime.portForward({ podSandboxId, port: [port] }, call)).url;
  };
  return observeConnection(context, { kind: "port-forward", id: podSandboxId, port }, () =>
    context.sessions.openPort(port, newUrl, { signal, into }),
  );
}

/** Listens on this machine; each connection gets one of its own into the pod, and is reset where that is lost. */
export async function forwardPort(
  context: ApiContext,
  podSandboxId: string,
  port: number,
  options: ForwardOptions,
): Promise<PortForward> {
  const { port: localPort = 0, host = "127.0.0.1", onError, signal, headers } = options;
  signal?.throwIfAborted();
  const open = new Set<Socket>();
  const ended = new AbortController();
  // What the port sends in small pieces would else wait for the client's word on each, 40 ms where it has none to send.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    // It may be reset before there is anything to tell it to.
    socket.once("close", () => open.delete(socket)).on("error", () => {});
    carry(socket).catch((error) => {
      socket.destroy();
      if (!ended.signal.aborted) onError?.(error);
    });
  });
  async function carry(socket: Socket): Promise<void> {
    const call = { signal: ended.signal, headers, into: socket };
    // Else the socket would end, and to its reader what has come would look whole.
    const reset = () => socket.resetAndDestroy();
    const opening = connectPort(context, podSandboxId, port, call);
    opening.catch(reset);
    const remote = await opening;
    remote.once("error", () => remote.readableEnded || reset());
    await Promise.all([pipeline(socket, remote), pipeline(remote, socket)]);
  }
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(localPort, host, resolve);
  });
  try {
    await Promise.all([listening, context.sessions.prepare()]);
    signal?.throwIfAborted();
  } catch (error) {
    server.close();
    throw error;
  }
  const address = server.address();
  const close = async () => {
    signal?.removeEventListener("abort", onAbort);
    ended.abort();
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
  };
  const onAbort = () => void close();
  signal?.addEventListener("abort", onAbort, { once: true });
  const bound = typeof address === "object" && address ? address.port : localPort;
  return { host, port: bound, close, [Symbol.asyncDispose]: close };
}
