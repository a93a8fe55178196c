import { createServer, type ServerHttp2Session } from "node:http2";

import type { ConnectRouter } from "@connectrpc/connect";

/** A gRPC server on a unix socket that can cut its clients off, and come back. */
export interface FakeServer {
  /** Breaks every connection; new ones are taken. */
  cut(): void;
  /** Breaks every connection and removes the socket until `open` is called. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export async function createFakeServer(
  path: string,
  routes: (router: ConnectRouter) => void,
): Promise<FakeServer> {
  const { connectNodeAdapter } = await import("@connectrpc/connect-node");
  const sessions = new Set<ServerHttp2Session>();
  const handler = connectNodeAdapter({
    routes,
    grpc: true,
    grpcWeb: false,
    connect: false,
    maxTimeoutMs: Number.MAX_SAFE_INTEGER,
  });
  // In MB: lists of any length.
  const server = createServer({ maxSessionMemory: 256 }, handler);
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
