import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Http2Connection } from "../../../src/wire/http2/connection.js";
import { encodeHeaders } from "../../../src/wire/http2/hpack/header-encoder.js";
import { errorCodes } from "../../../src/wire/http2/protocol.js";
import { Heard } from "./support.js";

/** Answers with the request's body, and its `x-` headers both before and after that. */
function echo(stream: ServerHttp2Stream, headers: Record<string, unknown>): void {
  stream.on("error", () => {});
  const own = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-")));
  stream.respond({ ":status": 200, ...own }, { waitForTrailers: true, sendDate: false } as object);
  stream.on("wantTrailers", () => stream.sendTrailers({ ...(own as object), "grpc-status": "0" }));
  stream.pipe(stream);
}

const settings = {
  initialWindowSize: 20_000,
  maxConcurrentStreams: 5,
  headerTableSize: 512,
  maxFrameSize: 20_000,
};
const server = createServer({ settings, peerMaxConcurrentStreams: 5 });
server.on("stream", echo);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-http2-"));
  server.listen(join(directory, "s"));
  await once(server, "listening");
});

afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

/** What a request comes back as; `leave` resets it after its header. */
function call(connection: Http2Connection, fields: Record<string, string>, body: Buffer, leave: boolean) {
  return new Promise<unknown[]>((resolve) => {
    const block = encodeHeaders([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "localhost"],
      ...Object.entries(fields),
    ]);
    const heard = new (class extends Heard {
      override onResponse(response: ReadonlyMap<string, string>): void {
        super.onResponse(response);
        if (!leave) return;
        stream.reset(errorCodes.CANCEL);
        resolve(this.events);
      }
      override onClose(code: number, error: Error | undefined): void {
        super.onClose(code, error);
        resolve(this.events);
      }
    })();
    const stream = connection.request(block, body, heard);
  });
}

it("requests of any headers and sizes come back from node:http2 as they were sent, many at once", async () => {
  const value = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 200,
  });
  const fields = fc.dictionary(fc.constantFrom("x-a", "x-b", "x-c", "x-long-name", "x-d"), value);
  const size = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 300_000 }));
  const anyCall = fc.record({ fields, size, leave: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 20 }), async (calls) => {
      const socket = createConnection(join(directory, "s"));
      const connection = await new Promise<Http2Connection>((resolve) => {
        const made = new Http2Connection(socket, { onSettings: () => resolve(made), onClose() {} });
        socket.on("data", (chunk) => made.receive(chunk));
      });
      const seen = calls.map((each) =>
        call(connection, each.fields, Buffer.alloc(each.size, "x"), each.leave),
      );
      for (const [index, each] of calls.entries()) {
        const header = ["response", { ":status": "200", ...each.fields }];
        const rest = [
          ...(each.size === 0 ? [] : [["data", "x".repeat(each.size)]]),
          ["trailers", { ...each.fields, "grpc-status": "0" }],
          ["close", 0],
        ];
        const got = await seen[index];
        expect(got).toEqual(each.leave ? [header] : [header, ...rest]);
      }
      const closed = once(socket, "close");
      connection.close();
      await closed;
    }),
    { numRuns: 60 },
  );
});
