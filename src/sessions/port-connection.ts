import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

import { SpdyConnection } from "../wire/spdy/connection.js";
import { PortStream, TroubleStream } from "./port-stream.js";
import { SocketSink } from "./socket-sink.js";
import { type UpgradeOptions, upgrade } from "./upgrade/upgrade.js";

const version = { "x-stream-protocol-version": "portforward.k8s.io" };

export interface PortConnectionOptions extends Pick<UpgradeOptions, "signal" | "tls"> {
  /** Gets what the port sends, of which the stream then brings the end alone. */
  into?: Socket | undefined;
}

/**
 * Opens one connection to a port of a pod. Each has a SPDY connection to itself: on a shared one containerd
 * 1.6 lets a port that refuses take later connections with it.
 */
export async function openPortConnection(
  url: URL,
  port: number,
  { into, ...options }: PortConnectionOptions,
): Promise<Duplex> {
  const { socket, head, memory } = await upgrade(url, {
    ...options,
    method: "POST",
    protocol: "SPDY/3.1",
    headers: version,
  });
  const sink = into && new SocketSink(into, socket);
  const connection = new SpdyConnection(socket, head, {
    role: "client",
    onRead: (isKept) => {
      sink?.flush();
      if (!isKept) memory.reuse();
    },
  });
  const onAbort = () => connection.destroy(options.signal?.reason);
  const forget = () => options.signal?.removeEventListener("abort", onAbort);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const headers = { port: String(port), requestid: "0" };
    const trouble = new TroubleStream(connection, connection.nextId(), { ...headers, streamtype: "error" });
    const place = [connection, connection.nextId(), { ...headers, streamtype: "data" }] as const;
    const stream = new PortStream(...place, { trouble, sink });
    await Promise.all([connection.offer(trouble, { fin: true }), connection.offer(stream)]);
    stream.once("close", () => {
      forget();
      connection.close();
    });
    return stream;
  } catch (error) {
    forget();
    connection.destroy();
    throw error;
  }
}
