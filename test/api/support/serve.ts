import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type ServerHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ImageService, RuntimeService } from "../../../src/proto.js";

export type RuntimeImpl = Partial<ServiceImpl<typeof RuntimeService>>;
export type ImageImpl = Partial<ServiceImpl<typeof ImageService>>;

export interface Served extends AsyncDisposable {
  readonly endpoint: string;
  readonly path: string;
  /** The clients connected now. */
  sessions(): number;
}

export function versionOf(runtimeName: string): RuntimeImpl {
  return {
    version: () => ({ version: "0.1.0", runtimeName, runtimeVersion: "1.2.3", runtimeApiVersion: "v1" }),
  };
}

/** Serves what is given over gRPC on a unix socket; every other RPC is Unimplemented. */
export async function serve(path: string, runtime: RuntimeImpl, image: ImageImpl = {}): Promise<Served> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(
    // In MB: enough for a list that no client takes.
    { maxSessionMemory: 256 },
    connectNodeAdapter({
      routes: (router) => {
        router.service(RuntimeService, runtime);
        router.service(ImageService, image);
      },
    }),
  );
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    endpoint: `unix://${path}`,
    path,
    sessions: () => sessions.size,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), "crikit-api-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
