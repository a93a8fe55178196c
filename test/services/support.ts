import { createServer } from "node:http2";
import { join } from "node:path";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ImageService, RuntimeService } from "../../src/proto.js";
import { temporaryDirectory } from "../transport/support/raw-server.js";

/** A gRPC server of connect-node, which shares no code with our transport. */
export async function serveRuntime(
  runtime: Partial<ServiceImpl<typeof RuntimeService>>,
  image: Partial<ServiceImpl<typeof ImageService>> = {},
): Promise<AsyncDisposable & { path: string }> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "runtime.sock");
  const routes = connectNodeAdapter({
    routes: (router) => router.service(RuntimeService, runtime).service(ImageService, image),
  });
  const server = createServer(routes);
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
      await directory[Symbol.asyncDispose]();
    },
  };
}
