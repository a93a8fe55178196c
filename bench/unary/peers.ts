import { connect as connectHttp2, constants } from "node:http2";
import { createConnection } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { RuntimeService, VersionRequestSchema } from "../../src/proto.js";
import { encodeEnvelope } from "../../src/wire/envelope.js";
import { startGoClient } from "../support/go-client.js";
import { grpcJsClient } from "../support/grpc-js.js";
import { connectInstalled } from "../support/installed.js";
import { timeOf } from "../support/rounds.js";

/** A way to call Version on the socket. */
export interface Peer {
  readonly name: string;
  /** Makes so many calls with `width` in flight all the time; resolves to the milliseconds that took. */
  calls(count: number, width: number): Promise<number>;
  close(): void;
}

/** The calls of a peer that is in this process. */
function calls(version: () => Promise<unknown>): Peer["calls"] {
  return (count, width) => {
    let left = count;
    const lane = async () => {
      while (left-- > 0) await version();
    };
    return timeOf(() => Promise.all(Array.from({ length: width }, lane)));
  };
}

export async function crikitPeer(path: string): Promise<Peer> {
  const cri = await connectInstalled(path);
  return { name: "crikit", calls: calls(() => cri.runtime.version({})), close: () => cri.close() };
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
    calls: calls(
      () =>
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
    ),
    close: () => session.destroy(undefined, constants.NGHTTP2_NO_ERROR),
  };
}

export function connectNodePeer(path: string): Peer {
  const transport = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: { createConnection: () => createConnection(path) },
  });
  const runtime = createClient(RuntimeService, transport);
  return { name: "connect-node", calls: calls(() => runtime.version({}, { timeoutMs: 10_000 })), close() {} };
}

/** As most gRPC programs for Node are: protobufjs at run time, callbacks. */
export function grpcJsPeer(path: string): Peer {
  const client = grpcJsClient(path);
  return {
    name: "@grpc/grpc-js",
    calls: calls(
      () =>
        new Promise((resolve, reject) => {
          client.Version?.(
            {},
            { deadline: Date.now() + 10_000 },
            (error: Error | null, response: unknown) => {
              if (error) reject(error);
              else resolve(response);
            },
          );
        }),
    ),
    close: () => client.close(),
  };
}

export function goPeer(path: string): Peer {
  const client = startGoClient(path);
  return {
    name: "cri-client (Go)",
    calls: (count, width) => client.call("version", count, width),
    close: () => client.close(),
  };
}
