import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
} from "node:http2";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { deferred } from "../../../src/async/deferred.js";
import {
  ExecSyncRequestSchema,
  RuntimeService,
  VersionRequestSchema,
  VersionResponseSchema,
} from "../../../src/proto.js";
import { encodeEnvelope } from "../../../src/wire/envelope.js";
import type { Rpcs } from "../../../src/wire/grpc-server/rpcs.js";
import { serveGrpc } from "../../../src/wire/grpc-server/serve.js";
import { holdClock } from "../../support/held-clock.js";

const maxMessageBytes = 200_000;
const versionPath = "/runtime.v1.RuntimeService/Version";
const request = encodeEnvelope(toBinary(VersionRequestSchema, create(VersionRequestSchema, {})));

let directory: string;
let undo: (() => void)[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-grpc-"));
  undo = [];
});

afterEach(async () => {
  for (const step of undo.reverse()) step();
  await rm(directory, { recursive: true });
});

async function serve(rpcs: Partial<Rpcs<typeof RuntimeService>>, shutdownSignal?: AbortSignal) {
  const server = createServer();
  serveGrpc(server, (router) => router.service(RuntimeService, rpcs), { maxMessageBytes, shutdownSignal });
  const path = join(directory, "s");
  await once(server.listen(path), "listening");
  undo.push(() => server.close());
  const session = connect("http://localhost", { createConnection: () => createConnection(path) });
  undo.push(() => session.destroy());
  const transport = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: { createConnection: () => createConnection(path) },
  });
  return { session, client: createClient(RuntimeService, transport) };
}

/** A call as bytes: what the answer's headers, trailers and body are. */
async function call(session: ClientHttp2Session, body: Uint8Array, headers: IncomingHttpHeaders = {}) {
  const stream = session.request({
    ":method": "POST",
    ":path": versionPath,
    "content-type": "application/grpc",
    ...headers,
  });
  const answer: IncomingHttpHeaders = {};
  stream.on("response", (fields) => Object.assign(answer, fields));
  stream.on("trailers", (fields) => Object.assign(answer, fields));
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.end(body);
  await once(stream, "close");
  return { answer, body: Buffer.concat(chunks) };
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener("abort", () => resolve(signal.reason));
  });
}

const named = { version: () => ({ runtimeName: "here" }) };

describe("An answer", () => {
  it("is one message and the status OK", async () => {
    const { session } = await serve(named);
    const { answer, body } = await call(session, request);
    expect(answer).toMatchObject({ ":status": 200, "content-type": "application/grpc", "grpc-status": "0" });
    expect(fromBinary(VersionResponseSchema, body.subarray(5)).runtimeName).toBe("here");
  });

  it("of megabytes comes whole", async () => {
    const { client } = await serve({ execSync: () => ({ stdout: new Uint8Array(5_000_000).fill(7) }) });
    const { stdout } = await client.execSync({});
    expect(stdout.length).toBe(5_000_000);
  });

  it("of a stream comes message by message", async () => {
    const { client } = await serve({
      async *streamContainers() {
        for (const id of ["a", "b", "c"]) yield { containers: [{ id }] };
      },
    });
    const ids: (string | undefined)[] = [];
    for await (const { containers } of client.streamContainers({})) ids.push(containers[0]?.id);
    expect(ids).toEqual(["a", "b", "c"]);
  });
});

describe("An error", () => {
  it("keeps its code and its words, of any script, before and after messages", async () => {
    const error = new ConnectError("no Käse in 東京, 100% \ud800", Code.NotFound);
    const { client } = await serve({
      version: () => Promise.reject(error),
      async *streamContainers() {
        yield {};
        throw error;
      },
    });
    const expected = { code: Code.NotFound, rawMessage: "no Käse in 東京, 100% \ufffd" };
    await expect(client.version({})).rejects.toMatchObject(expected);
    const messages = client.streamContainers({})[Symbol.asyncIterator]();
    expect((await messages.next()).done).toBe(false);
    await expect(messages.next()).rejects.toMatchObject(expected);
  });

  it("of any length tells its beginning, and the connection goes on", async () => {
    const { session } = await serve({
      execSync: ({ cmd }) => Promise.reject(new ConnectError(`bad ${cmd}`, Code.InvalidArgument)),
      ...named,
    });
    const texts = [
      "e".repeat(10_000),
      "e".repeat(70_000),
      "\u6771".repeat(20_000),
      "\ud83d\ude00".repeat(20_000),
    ];
    for (const text of texts) {
      const body = encodeEnvelope(
        toBinary(ExecSyncRequestSchema, create(ExecSyncRequestSchema, { cmd: [text] })),
      );
      const { answer } = await call(session, body, { ":path": "/runtime.v1.RuntimeService/ExecSync" });
      expect(answer["grpc-status"]).toBe("3");
      const message = decodeURIComponent(String(answer["grpc-message"]));
      expect(message.slice(0, 2000)).toBe(`bad ${text}`.slice(0, 2000));
      if (text.length === 10_000) expect(message).toBe(`bad ${text}`);
    }
    expect((await call(session, request)).answer).toMatchObject({ "grpc-status": "0" });
  });

  it("that is no RPC's tells nothing", async () => {
    const { client } = await serve({ version: () => Promise.reject(new Error("secret")) });
    await expect(client.version({})).rejects.toMatchObject({
      code: Code.Internal,
      rawMessage: "internal error",
    });
  });

  it("says what is not implemented", async () => {
    const { session, client } = await serve(named);
    await expect(client.status({})).rejects.toMatchObject({
      code: Code.Unimplemented,
      rawMessage: "runtime.v1.RuntimeService.Status is not implemented",
    });
    const { answer } = await call(session, request, { ":path": "/other.Service/Call" });
    expect(answer).toMatchObject({ "grpc-status": "12" });
  });
});

describe("A request", () => {
  it.each([
    ["above the limit", encodeEnvelope(new Uint8Array(maxMessageBytes + 1)), {}, "8"],
    ["that is compressed", Buffer.from([1, 0, 0, 0, 20, ...gzipSync("")]), { "grpc-encoding": "gzip" }, "12"],
    ["without a message", new Uint8Array(), {}, "12"],
    ["cut off", request.subarray(0, 3), {}, "12"],
    ["of two messages", Buffer.concat([request, request]), {}, "12"],
    ["that is no message", encodeEnvelope(new Uint8Array([255])), {}, "3"],
    ["with a timeout in no unit", request, { "grpc-timeout": "5x" }, "3"],
  ])("%s is refused", async (_what, body, headers, status) => {
    const { session } = await serve(named);
    const { answer } = await call(session, body, headers);
    expect(answer).toMatchObject({ ":status": 200, "grpc-status": status });
    // The connection goes on.
    expect((await call(session, request)).answer).toMatchObject({ "grpc-status": "0" });
  });

  it("that is not gRPC is answered as HTTP has it", async () => {
    const { session } = await serve(named);
    const other = await call(session, request, { "content-type": "application/json" });
    expect(other.answer).toMatchObject({ ":status": 415 });
    const put = await call(session, request, { ":method": "PUT" });
    expect(put.answer).toMatchObject({ ":status": 405 });
  });
});

describe("The signal of a call", () => {
  it("aborts at the deadline, which the RPC can ask for", async () => {
    const asked = deferred<(number | undefined)[]>();
    using clock = holdClock();
    const { session } = await serve({
      async version(_request, { signal, timeoutMs }) {
        const before = timeoutMs();
        void clock.pass(50);
        const reason = await aborted(signal);
        asked.resolve([before, timeoutMs()]);
        throw reason;
      },
    });
    const { answer } = await call(session, request, { "grpc-timeout": "50m" });
    expect(answer).toMatchObject({ "grpc-status": String(Code.DeadlineExceeded) });
    expect(await asked.promise).toEqual([50, 0]);
  });

  it("aborts when the client leaves, and a stream ends then", async () => {
    const reason = deferred<unknown>();
    const ended = deferred<void>();
    const controller = new AbortController();
    const { session, client } = await serve({
      version: async (_request, { signal }) => {
        controller.abort();
        reason.resolve(await aborted(signal));
        return {};
      },
      async *streamContainers() {
        try {
          for (;;) yield { containers: [{ id: "x".repeat(10_000) }] };
        } finally {
          ended.resolve();
        }
      },
    });
    const left = client.version({}, { signal: controller.signal });
    await expect(left).rejects.toThrow();
    expect(await reason.promise).toMatchObject({ code: Code.Canceled });
    const stream = session.request({
      ":method": "POST",
      ":path": "/runtime.v1.RuntimeService/StreamContainers",
      "content-type": "application/grpc",
    });
    stream.end(request);
    // It does not end, and nothing of it is read.
    await once(stream, "response");
    stream.close(constants.NGHTTP2_CANCEL);
    await ended.promise;
  });

  it("aborts when the server stops, also when it is asked for later", async () => {
    const shutdown = new AbortController();
    const entered = deferred<void>();
    const go = deferred<void>();
    const { client } = await serve(
      {
        async version(_request, context) {
          entered.resolve();
          await go.promise;
          throw await aborted(context.signal);
        },
      },
      shutdown.signal,
    );
    const waits = client.version({});
    await entered.promise;
    shutdown.abort(new ConnectError("stopped", Code.Unavailable));
    go.resolve();
    await expect(waits).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "stopped" });
  });
});
