import type { Interceptor } from "@connectrpc/connect";
import { ContainerEventResponseSchema, VersionResponseSchema } from "../../../src/proto.js";
import { type Answer, answer, envelope } from "../support/raw-server.js";
import { type ComplianceCase, collect, failure, outcome } from "./case.js";

const version = envelope(VersionResponseSchema, { runtimeName: "test" });
const event = (containerId: string) => envelope(ContainerEventResponseSchema, { containerId });
const mebibyte = 1024 * 1024;

function unary(name: string, reply: Answer, expected: string): ComplianceCase {
  return {
    name,
    async see({ serve, client }) {
      await serve((stream) => answer(stream, reply));
      return outcome(client().version({}));
    },
    expected,
  };
}

/** What becomes of the bytes of an answer. */
export const messageCases: ComplianceCase[] = [
  {
    name: "a unary answer",
    async see({ serve, client }) {
      await serve((stream) => answer(stream, { body: [version] }));
      const { runtimeName } = await client().version({});
      return runtimeName;
    },
    expected: "test",
  },
  {
    name: "an empty message is a message",
    async see({ serve, client }) {
      await serve((stream) => answer(stream, { body: [Uint8Array.of(0, 0, 0, 0, 0)] }));
      const { runtimeName } = await client().version({});
      return runtimeName;
    },
    expected: "",
  },
  unary("a good status without a message", {}, "internal"),
  unary("a second message", { body: [version, version] }, "internal"),
  unary("a message that is cut off", { body: [version.subarray(0, -1)] }, "internal"),
  unary("a prefix that is cut off", { body: [version, Uint8Array.of(0, 0)] }, "internal"),
  unary("a message that cannot be decoded", { body: [Uint8Array.of(0, 0, 0, 0, 1, 0xff)] }, "internal"),
  unary("a compressed message", { body: [envelope(VersionResponseSchema, {}, 1)] }, "internal"),
  unary(
    "a compression that was not offered",
    { headers: { "grpc-encoding": "gzip" }, body: [version] },
    "internal",
  ),
  {
    name: "a message byte by byte",
    async see({ serve, client }) {
      await serve(async (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        for (const byte of version) {
          await new Promise((resolve) => stream.write(Uint8Array.of(byte), resolve));
        }
        stream.end();
      });
      const { runtimeName } = await client().version({});
      return runtimeName;
    },
    expected: "test",
  },
  {
    name: "a stream of messages in order, several in a chunk and one in several",
    async see({ serve, client }) {
      const all = Buffer.concat(["a", "b", "c", "d"].map(event));
      await serve((stream) =>
        answer(stream, { body: [all.subarray(0, 12), all.subarray(12, 13), all.subarray(13)] }),
      );
      const events = await collect(client().getContainerEvents({}));
      return events.map(({ containerId }) => containerId);
    },
    expected: ["a", "b", "c", "d"],
  },
  {
    name: "a stream without messages",
    async see({ serve, client }) {
      await serve((stream) => answer(stream));
      return collect(client().getContainerEvents({}));
    },
    expected: [],
  },
  {
    name: "a stream that fails after a message",
    async see({ serve, client }) {
      await serve((stream) => answer(stream, { body: [event("a")], trailers: { "grpc-status": "14" } }));
      const seen: string[] = [];
      const reading = (async () => {
        for await (const { containerId } of client().getContainerEvents({})) seen.push(containerId);
      })();
      return [await outcome(reading), seen];
    },
    expected: ["unavailable", ["a"]],
  },
  {
    name: "a message of 8 MiB",
    async see({ serve, client }) {
      const name = "x".repeat(8 * mebibyte);
      await serve((stream) =>
        answer(stream, { body: [envelope(VersionResponseSchema, { runtimeName: name })] }),
      );
      const { runtimeName } = await client().version({});
      return runtimeName.length;
    },
    expected: 8 * mebibyte,
  },
  {
    name: "a message above the limit",
    async see({ serve, client }) {
      await serve((stream) =>
        answer(stream, { body: [envelope(VersionResponseSchema, { runtimeName: "x".repeat(2000) })] }),
      );
      const limited = client({ maxMessageBytes: 1000 });
      return [await outcome(limited.version({})), await outcome(collect(limited.getContainerEvents({})))];
    },
    expected: ["resource_exhausted", "resource_exhausted"],
  },
  {
    name: "the error of a message above the limit names size, limit and option",
    async see({ serve, client }) {
      const body = [envelope(VersionResponseSchema, { runtimeName: "x".repeat(2000) })];
      await serve((stream) => answer(stream, { body }));
      const { rawMessage } = await failure(client({ maxMessageBytes: 1000 }).version({}));
      return ["2003", "1000", "maxMessageBytes"].filter((word) => !rawMessage.includes(word));
    },
    expected: [],
  },
  {
    name: "metadata of request and answer",
    async see({ serve, client }) {
      const server = await serve((stream, headers) =>
        answer(stream, {
          headers: { "x-echo": headers["x-ask"], "x-twice": ["1", "2"] },
          body: [version],
          trailers: { "grpc-status": "0", "x-end": "3" },
        }),
      );
      const seen: unknown[] = [];
      await client().version(
        {},
        {
          headers: { "x-ask": "who" },
          onHeader: (header) => seen.push(header.get("x-echo"), header.get("x-twice")),
          onTrailer: (trailer) => seen.push(trailer.get("x-end")),
        },
      );
      const { headers } = await server.stream(0);
      return [
        ...seen,
        headers[":path"],
        headers["content-type"]?.replace("+proto", ""),
        headers.te,
        headers["grpc-encoding"],
      ];
    },
    expected: [
      "who",
      "1, 2",
      "3",
      "/runtime.v1.RuntimeService/Version",
      "application/grpc",
      "trailers",
      undefined,
    ],
  },
  {
    name: "the authority is localhost",
    async see({ serve, client }) {
      const server = await serve((stream) => answer(stream, { body: [version] }));
      await client().version({});
      const { headers } = await server.stream(0);
      return headers[":authority"];
    },
    expected: "localhost",
  },
  {
    name: "no compression is offered",
    async see({ serve, client }) {
      const server = await serve((stream) => answer(stream, { body: [version] }));
      await client().version({});
      const { headers } = await server.stream(0);
      return headers["grpc-accept-encoding"];
    },
    expected: undefined,
  },
  {
    name: "interceptors see and change requests, answers and errors",
    async see({ serve, client }) {
      const seen: string[] = [];
      const interceptor: Interceptor = (next) => async (request) => {
        request.header.set("x-from", "interceptor");
        try {
          const response = await next(request);
          seen.push(`${request.method.name} ${response.stream ? "stream" : response.message.$typeName}`);
          return response;
        } catch (error) {
          seen.push(`${request.method.name} ${await outcome(Promise.reject(error))}`);
          throw error;
        }
      };
      const server = await serve((stream, headers) => {
        if (headers[":path"]?.endsWith("/Status")) answer(stream, { trailers: { "grpc-status": "5" } });
        else answer(stream, { body: [headers[":path"]?.endsWith("/Version") ? version : event("a")] });
      });
      const intercepted = client({ interceptors: [interceptor] });
      await intercepted.version({});
      await outcome(intercepted.status({}));
      await collect(intercepted.getContainerEvents({}));
      return [...seen, ...server.streams.map(({ headers }) => headers["x-from"])];
    },
    expected: [
      "Version runtime.v1.VersionResponse",
      "Status not_found",
      "GetContainerEvents stream",
      ...Array(3).fill("interceptor"),
    ],
  },
];
