import { mkdtemp, rm } from "node:fs/promises";
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

export type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A directory for sockets that goes with the scope. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "crikit-transport-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A bare node:http2 server, so that each fault is on the wire for real. */
export interface RawServer extends AsyncDisposable {
  readonly path: string;
  /** Each session that was accepted, in order. */
  readonly sessions: ServerHttp2Session[];
  /** Each stream that was opened, in order, with its header and the code of its reset. */
  readonly streams: ServedStream[];
  /** Resolves with the stream of this number, from 0, once it was opened. */
  stream(index: number): Promise<ServedStream>;
  /** Cuts every connection and stops to listen; Node removes the socket. */
  kill(): Promise<void>;
}

export interface ServedStream {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** The HTTP/2 code with which the stream ended. */
  readonly closed: Promise<number>;
}

export async function serveRaw(path: string, handler: StreamHandler): Promise<RawServer> {
  // In MiB: Node's default of 10 is less than a server in Go would take.
  const server = createServer({ maxSessionMemory: 1024 });
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  const sessions: ServerHttp2Session[] = [];
  const streams: ServedStream[] = [];
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const closed = new Promise<number>((resolve) => {
      stream.once("close", () => resolve(stream.rstCode ?? 0));
    });
    streams.push({ stream, headers, closed });
    handler(stream, headers);
    server.emit("served");
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const kill = () => endServer(server, sockets);
  return {
    path,
    sessions,
    streams,
    async stream(index) {
      for (;;) {
        const served = streams[index];
        if (served) return served;
        await new Promise((resolve) => server.once("served", resolve));
      }
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

async function endServer(server: Http2Server, sockets: Socket[]): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of sockets) socket.destroy();
  await closed;
}

export interface Answer {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: readonly Uint8Array[];
  readonly trailers?: OutgoingHttpHeaders;
}

/** Answers with headers, body and trailers; a good status unless told. */
export function answer(stream: ServerHttp2Stream, { headers, body = [], trailers }: Answer = {}): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc+proto", ...headers },
    { waitForTrailers: true },
  );
  stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? { "grpc-status": "0" }));
  for (const bytes of body) stream.write(bytes);
  stream.end();
}

/** Answers with one header block and nothing else. */
export function answerTrailersOnly(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc+proto", ...headers },
    { endStream: true },
  );
}

/** A message in its envelope. */
export function envelope<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
  flags = 0,
): Uint8Array {
  const bytes = toBinary(schema, create(schema, init));
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([prefix, bytes]);
}
