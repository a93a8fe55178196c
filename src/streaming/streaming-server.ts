import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import { SpdyConnection } from "../wire/spdy/connection.js";
import { channelProtocols } from "../wire/websocket/channels.js";
import { webSocketDuplex } from "../wire/websocket/duplex.js";
import { acceptKey, offeredProtocols } from "../wire/websocket/handshake.js";
import { refuse, switchProtocols } from "./answer.js";
import { portForwardProtocol, SpdyPortForward } from "./spdy-port-forward.js";
import { SpdySessionStreams, serveSpdySession, spdySessionProtocols } from "./spdy-session.js";
import type {
  ExecSessionRequest,
  PortForwardRequest,
  SessionIo,
  SessionRequest,
  StreamingRuntime,
} from "./streaming-runtime.js";
import { Tokens } from "./tokens.js";
import { serveWebSocketPortForward } from "./websocket-port-forward.js";
import { serveWebSocketSession } from "./websocket-session.js";

type Pending =
  | { kind: "exec"; request: ExecSessionRequest }
  | { kind: "attach"; request: SessionRequest }
  | { kind: "portforward"; request: PortForwardRequest };

const howToOpen = "Sessions are opened by SPDY/3.1 or WebSocket\n";
const tunnelProtocol = `SPDY/3.1+${portForwardProtocol}`;

/**
 * Serves the sessions that Exec, Attach and PortForward give URLs for: SPDY/3.1 and WebSocket, on loopback,
 * each URL for one use within a minute.
 */
export class StreamingServer {
  readonly #runtime: StreamingRuntime;
  readonly #server: Server;
  readonly #tokens = new Tokens<Pending>();
  readonly #sockets = new Set<Duplex>();

  constructor(runtime: StreamingRuntime) {
    this.#runtime = runtime;
    this.#server = createServer((_request, response) => {
      response.writeHead(400, { "content-type": "text/plain" }).end(howToOpen);
    });
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** On a free port of loopback unless told otherwise: whoever has a URL can use it. */
  async listen({ host = "127.0.0.1", port = 0 }: { host?: string; port?: number } = {}): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(port, host, resolve);
    });
  }

  execUrl(request: ExecSessionRequest): string {
    return this.#url({ kind: "exec", request });
  }

  attachUrl(request: SessionRequest): string {
    return this.#url({ kind: "attach", request });
  }

  portForwardUrl(request: PortForwardRequest): string {
    return this.#url({ kind: "portforward", request });
  }

  /** Ends every session. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await closed;
  }

  #url(pending: Pending): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    const host = family === "IPv6" ? `[${address}]` : address;
    return `http://${host}:${port}/${pending.kind}/${this.#tokens.issue(pending)}`;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket)).on("error", () => {});
    const [, kind, token = ""] = (request.url ?? "").split("?")[0]?.split("/") ?? [];
    const pending = this.#tokens.take(token);
    if (!pending || pending.kind !== kind) {
      refuse(socket, "404 Not Found", { body: "Unknown, used or expired session\n" });
      return;
    }
    const protocol = request.headers.upgrade?.toLowerCase();
    if (protocol === "spdy/3.1") this.#spdy(request, socket, { head, pending });
    else if (protocol === "websocket") this.#webSocket(request, socket, { head, pending });
    else refuse(socket, "400 Bad Request", { body: howToOpen });
  }

  #spdy(
    request: IncomingMessage,
    socket: Duplex,
    { head, pending }: { head: Buffer; pending: Pending },
  ): void {
    const offered = offeredProtocols(request.headers["x-stream-protocol-version"]?.toString());
    const known = pending.kind === "portforward" ? [portForwardProtocol] : spdySessionProtocols;
    const protocol = offered.find((name) => known.includes(name));
    if (protocol === undefined) {
      refuse(socket, "403 Forbidden", {
        body: `None of the protocols offered is served: ${known.join(", ")}\n`,
        headers: { "x-accepted-stream-protocol-versions": known.join(",") },
      });
      return;
    }
    switchProtocols(socket, { upgrade: "SPDY/3.1", "x-stream-protocol-version": protocol });
    this.#serveSpdy(socket, head, { pending, protocol });
  }

  #serveSpdy(
    socket: Duplex,
    head: Buffer,
    { pending, protocol }: { pending: Pending; protocol: string },
  ): void {
    if (pending.kind === "portforward") {
      const forward = new SpdyPortForward(this.#runtime, pending.request.podSandboxId);
      const connection = new SpdyConnection(socket, head, {
        role: "server",
        onStream: (stream) => forward.add(stream),
      });
      void connection.closed.then(() => forward.close());
      return;
    }
    const { request } = pending;
    const streams = new SpdySessionStreams(request, protocol);
    const connection = new SpdyConnection(socket, head, {
      role: "server",
      onStream: (stream) => streams.add(stream),
    });
    void serveSpdySession(connection, streams, { protocol, work: this.#work(pending) });
  }

  #webSocket(
    request: IncomingMessage,
    socket: Duplex,
    { head, pending }: { head: Buffer; pending: Pending },
  ): void {
    const { "sec-websocket-key": key, "sec-websocket-protocol": header } = request.headers;
    const offered = offeredProtocols(header);
    const isTunnel = pending.kind === "portforward" && offered.includes(tunnelProtocol);
    const names = offered.length === 0 ? [""] : offered;
    const protocol = channelProtocols.find(({ name }) => name === names.find(isChannelProtocol));
    if (key === undefined || request.headers["sec-websocket-version"] !== "13" || (!protocol && !isTunnel)) {
      refuse(socket, protocol || isTunnel ? "400 Bad Request" : "403 Forbidden");
      return;
    }
    const chosen = isTunnel ? tunnelProtocol : protocol?.name;
    switchProtocols(socket, {
      upgrade: "websocket",
      "sec-websocket-accept": acceptKey(key),
      ...(chosen && { "sec-websocket-protocol": chosen }),
    });
    if (isTunnel) {
      const tunnel = webSocketDuplex(socket, head, "server");
      this.#serveSpdy(tunnel, Buffer.alloc(0), { pending, protocol: portForwardProtocol });
    } else if (protocol && pending.kind === "portforward") {
      const { request: asked } = pending;
      void serveWebSocketPortForward(socket, head, { runtime: this.#runtime, request: asked, protocol });
    } else if (protocol && pending.kind !== "portforward") {
      void serveWebSocketSession(socket, head, {
        request: pending.request,
        protocol,
        work: this.#work(pending),
      });
    }
  }

  #work(pending: Exclude<Pending, { kind: "portforward" }>) {
    return (io: SessionIo) =>
      pending.kind === "exec"
        ? this.#runtime.exec(pending.request, io)
        : this.#runtime.attach(pending.request, io);
  }
}

function isChannelProtocol(name: string): boolean {
  return channelProtocols.some((protocol) => protocol.name === name);
}
