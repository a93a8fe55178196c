import { connect, isIP, type OnReadOpts, type Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";

export interface DialOptions {
  /** For runtimes that serve sessions by https. */
  tls?: (SecureContextOptions & { rejectUnauthorized?: boolean }) | undefined;
  /**
   * Whether the bytes of a `data` event may lie in memory that the next one reuses, which is half of the work. Who
   * has not done with them when it returns pauses the socket.
   */
  lends?: boolean | undefined;
}

/** Of what a forwarded port sends, several frames come at a time. */
const lentBytes = 256 * 1024;

/** A connection to the server of a URL, once it stands, and by https the server is known to be the right one. */
export async function dial(url: URL, { tls, lends = false }: DialOptions): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol !== "https:") {
    const port = Number(url.port || 80);
    const socket: Socket = connect({
      ...{ host, port, noDelay: true },
      ...(lends && { onread: lentReads(() => socket) }),
    });
    return socket;
  }
  const { connect: connectSecurely } = await import("node:tls");
  const port = Number(url.port || 443);
  const name = isIP(host) === 0 && { servername: host };
  return connectSecurely({ host, port, ALPNProtocols: ["http/1.1"], ...name, ...tls }).setNoDelay();
}

function lentReads(socket: () => Socket): OnReadOpts {
  return {
    buffer: Buffer.allocUnsafeSlow(lentBytes),
    callback: (length, { buffer, byteOffset }) =>
      socket().emit("data", Buffer.from(buffer, byteOffset, length)),
  };
}
