import { connect, isIP, type Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";

import type { ReadMemory } from "./read-memory.js";

export interface DialOptions {
  /** For runtimes that serve sessions by https. */
  tls?: (SecureContextOptions & { rejectUnauthorized?: boolean }) | undefined;
}

/**
 * A connection to the server of a URL, once it stands, and by https the server is known to be the right one. It is read
 * into `memory`, which TLS has no use for: there Node has to make the bytes that it gives.
 */
export async function dial(url: URL, memory: ReadMemory, { tls }: DialOptions): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol !== "https:") {
    const port = Number(url.port || 80);
    const onread = memory.reads((bytes) => socket.emit("data", bytes));
    const socket: Socket = connect({ host, port, noDelay: true, onread });
    return socket;
  }
  const { connect: connectSecurely } = await import("node:tls");
  const port = Number(url.port || 443);
  const name = isIP(host) === 0 && { servername: host };
  return connectSecurely({ host, port, ALPNProtocols: ["http/1.1"], ...name, ...tls }).setNoDelay();
}
