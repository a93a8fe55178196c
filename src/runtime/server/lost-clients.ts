import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";

const everyMs = 60_000;

/**
 * Ends the connections of clients that have gone unseen: of one that has sent a frame too large Node reads no more, its
 * end neither. To write nothing tells, and harms nobody who is there. Gives what ends the looking.
 */
export function endLostClients(server: Http2Server): () => void {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const timer = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write("");
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
