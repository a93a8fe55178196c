import { createServer, type ServerHttp2Session } from "node:http2";

import type { Router } from "../../wire/grpc-server/rpcs.js";
import { serveGrpc } from "../../wire/grpc-server/serve.js";

/** A gRPC server on a unix socket that can cut its clients off, and come back. */
export interface FakeServer {
  /** Breaks every connection; new ones are taken. */
  cut(): void;
  /** Breaks every connection and removes the socket until `open` is called. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export function createFakeServer(path: string, routes: (router: Router) => void): FakeServer {
  const sessions = new Set<ServerHttp2Session>();
  // In MB: lists of any length.
  const server = createServer({ maxSessionMemory: 256 });
  serveGrpc(server, routes, { maxMessageBytes: Number.MAX_SAFE_INTEGER });
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  const cut = () => {
    for (const session of sessions) session.destroy();
  };
  return {
    cut,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
    open: () =>
      new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, () => {
          server.off("error", reject);
          resolve();
        });
      }),
  };
}
