import { Duplex } from "node:stream";

import { WebSocketConnection } from "./connection.js";

const highWaterMark = 256 * 1024;

/** A WebSocket whose binary messages are pieces of one byte stream, cut anywhere: another protocol's tunnel. */
export function webSocketDuplex(socket: Duplex, head: Buffer, role: "client" | "server"): Duplex {
  let isFull = false;
  const duplex = new Duplex({
    readableHighWaterMark: highWaterMark,
    read() {
      if (!isFull) return;
      isFull = false;
      connection.resume();
    },
    write: (chunk: Buffer, _encoding, done) => connection.send(chunk, {}, done),
    final(done) {
      connection.close();
      done();
    },
    destroy(error, done) {
      connection.destroy(error ?? undefined);
      done(error);
    },
  });
  const connection = new WebSocketConnection(socket, head, {
    role,
    onData({ payload }) {
      if (payload.length === 0) return true;
      isFull = !duplex.push(payload);
      return !isFull;
    },
    onEnd(end) {
      if ("error" in end) duplex.destroy(end.error);
      else duplex.push(null);
    },
  });
  return duplex;
}
