import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";

import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { type ServedRpc, ServerCall } from "./call.js";
import type { Router } from "./rpcs.js";
import { refuse } from "./status.js";
import { parseTimeout } from "./timeout.js";

export interface ServeOptions {
  readonly maxMessageBytes: number;
  /** Aborts every call under way. */
  readonly shutdownSignal?: AbortSignal | undefined;
}

/** Answers gRPC on an HTTP/2 server, without compression: the socket is on this machine. */
export function serveGrpc(
  server: Http2Server,
  routes: (router: Router) => void,
  { maxMessageBytes, shutdownSignal }: ServeOptions,
): void {
  const rpcs = new Map<string, ServedRpc>();
  routes({ service: (service, some) => register(rpcs, service, some) });
  const calls = new Set<ServerCall>();
  shutdownSignal?.addEventListener("abort", () => {
    for (const call of calls) call.abort(shutdownSignal.reason);
  });
  server.on("stream", (stream, headers) => {
    // A client that resets the stream; the call hears of its close.
    stream.on("error", () => {});
    try {
      const call = begin(stream, headers, { rpcs, maxMessageBytes });
      if (!call) return;
      calls.add(call);
      stream.on("close", () => calls.delete(call));
    } catch (error) {
      refuse(stream, error);
      stream.resume();
    }
  });
}

interface Serving {
  readonly rpcs: ReadonlyMap<string, ServedRpc>;
  readonly maxMessageBytes: number;
}

/** Undefined for what is not gRPC, which is answered as HTTP has it. */
function begin(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { rpcs, maxMessageBytes }: Serving,
): ServerCall | undefined {
  const isGrpc = /^application\/grpc(\+proto)?(;|$)/.test(headers["content-type"] ?? "");
  if (!isGrpc || headers[":method"] !== "POST") {
    stream.respond({ ":status": isGrpc ? 405 : 415 }, { endStream: true });
    stream.resume();
    return undefined;
  }
  const path = headers[":path"] ?? "";
  const rpc = rpcs.get(path);
  if (!rpc)
    throw new ConnectError(`${path.slice(1).replace("/", ".")} is not implemented`, Code.Unimplemented);
  const timeoutMs = parseTimeout(headers["grpc-timeout"]?.toString());
  return new ServerCall(stream, rpc, { maxMessageBytes, timeoutMs });
}

function register(rpcs: Map<string, ServedRpc>, service: DescService, some: Record<string, unknown>): void {
  for (const method of service.methods) {
    const work = some[method.localName] as ServedRpc["work"] | undefined;
    if (work) rpcs.set(`/${service.typeName}/${method.name}`, { method, work });
  }
}
