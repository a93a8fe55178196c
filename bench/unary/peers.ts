import { connect as connectHttp2, constants } from "node:http2";
import { createConnection } from "node:net";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { RuntimeService, VersionRequestSchema } from "../../src/proto.js";
import { encodeEnvelope } from "../../src/transport/envelope.js";

/** A way to call Version on the socket. */
export interface Peer {
  readonly name: string;
  version(): Promise<unknown>;
  close(): void;
}

/** The built package, which is what users run: the loader that runs this file would slow the sources down. */
export async function crikitPeer(path: string): Promise<Peer> {
  const built = new URL("../../dist/index.js", import.meta.url).href;
  const { connect } = (await import(built)) as typeof import("../../src/index.js");
  const cri = await connect(`unix://${path}`);
  return { name: "crikit", version: () => cri.runtime.version({}), close: () => cri.close() };
}

/** The floor: a request, its bytes, its status, and nothing that a gRPC client has besides. */
export function bareHttp2Peer(path: string): Peer {
  const session = connectHttp2("http://localhost", { createConnection: () => createConnection(path) });
  const headers = {
    ":method": "POST",
    ":path": "/runtime.v1.RuntimeService/Version",
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
  };
  const body = encodeEnvelope(toBinary(VersionRequestSchema, create(VersionRequestSchema, {})));
  return {
    name: "bare node:http2",
    version: () =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers);
        const chunks: Buffer[] = [];
        let status: unknown;
        stream.on("data", (chunk) => chunks.push(chunk));
        stream.on("trailers", (trailers) => {
          status = trailers["grpc-status"];
        });
        stream.on("end", () => (status === "0" ? resolve(chunks) : reject(new Error(`Status ${status}`))));
        stream.on("error", reject);
        stream.end(body);
      }),
    close: () => session.destroy(undefined, constants.NGHTTP2_NO_ERROR),
  };
}

export function connectNodePeer(path: string): Peer {
  const transport = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: { createConnection: () => createConnection(path) },
  });
  const runtime = createClient(RuntimeService, transport);
  return { name: "connect-node", version: () => runtime.version({}, { timeoutMs: 10_000 }), close() {} };
}

/** As most gRPC programs for Node are: protobufjs at run time, callbacks. */
export function grpcJsPeer(path: string): Peer {
  const proto = fileURLToPath(new URL("../../proto/runtime/v1/api.proto", import.meta.url));
  const loaded = loadPackageDefinition(loadSync(proto, { longs: String, enums: String }));
  const { RuntimeService: Service } = (loaded.runtime as { v1: { RuntimeService: ServiceClientConstructor } })
    .v1;
  const client = new Service(`unix:${path}`, credentials.createInsecure());
  return {
    name: "@grpc/grpc-js",
    version: () =>
      new Promise((resolve, reject) => {
        client.Version?.({}, { deadline: Date.now() + 10_000 }, (error: Error | null, response: unknown) => {
          if (error) reject(error);
          else resolve(response);
        });
      }),
    close: () => client.close(),
  };
}
