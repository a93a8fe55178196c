import { once } from "node:events";
import { constants } from "node:http2";
import { createServer, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { ContainerEventResponseSchema, VersionResponseSchema } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { answer, envelope } from "../support/raw-server.js";
import { type ComplianceCase, collect, outcome, rpcClient } from "./case.js";

const version = envelope(VersionResponseSchema, { runtimeName: "test" });

/** Connections: one for all calls, what ends it, and what comes after. */
export const sessionCases: ComplianceCase[] = [
  {
    name: "many calls at once share one session",
    async see({ serve, client }) {
      const server = await serve((stream) => answer(stream, { body: [version] }));
      const called = client();
      const calls = Array.from({ length: 200 }, () => called.version({}));
      const answers = await Promise.all(calls);
      return [answers.length, server.sessions.length];
    },
    expected: [200, 1],
  },
  {
    name: "after GOAWAY the call in flight finishes and the next one takes a new session",
    async see({ serve, client }) {
      const server = await serve(() => {});
      const called = client();
      const first = outcome(called.version({}));
      const { stream } = await server.stream(0);
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
      // The second goes out once the client has seen the GOAWAY, which it answers by closing its side.
      await until("the second call comes on a new session", async () => {
        const probe = called.version({}, { timeoutMs: 50 });
        await outcome(probe);
        return server.sessions.length >= 2;
      });
      answer(stream, { body: [version] });
      return first;
    },
    expected: "ok",
  },
  {
    name: "GOAWAY ends the calls after its last stream as unavailable",
    async see({ serve, client }) {
      const server = await serve(() => {});
      const called = client();
      const calls = [outcome(called.version({})), outcome(called.version({}))];
      const first = await server.stream(0);
      await server.stream(1);
      first.stream.session?.goaway(constants.NGHTTP2_NO_ERROR, first.stream.id);
      const second = await calls[1];
      answer(first.stream, { body: [version] });
      return [await calls[0], second];
    },
    expected: ["ok", "unavailable"],
  },
  {
    name: "GOAWAY with an error ends the calls in flight as unavailable, the next one works",
    async see({ serve, client }) {
      const server = await serve((stream, headers) => {
        if (headers[":path"]?.endsWith("/Version")) answer(stream, { body: [version] });
      });
      const called = client();
      const call = outcome(called.status({}));
      const { stream } = await server.stream(0);
      stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
      return [await call, await outcome(called.version({}))];
    },
    expected: ["unavailable", "ok"],
  },
  {
    name: "a runtime that restarts fails the calls in flight as unavailable, the next one works",
    async see({ serve, client }) {
      const called = client();
      const old = await serve(() => {});
      const unary = outcome(called.version({}));
      const stream = outcome(collect(called.getContainerEvents({})));
      await old.stream(1);
      await old.kill();
      const ended = [await unary, await stream];
      await serve((again) => answer(again, { body: [version] }));
      return [...ended, await outcome(called.version({}))];
    },
    expected: ["unavailable", "unavailable", "ok"],
  },
  {
    name: "the first call after a restart works though calls have failed in between",
    async see({ serve, client }) {
      const called = client();
      const old = await serve((stream) => answer(stream, { body: [version] }));
      await called.version({});
      await old.kill();
      for (let tries = 0; tries < 20; tries++) await outcome(called.version({}));
      await serve((stream) => answer(stream, { body: [version] }));
      return outcome(called.version({}));
    },
    expected: "ok",
  },
  {
    name: "a runtime that restarts while nothing was called is not noticed",
    async see({ serve, client }) {
      const called = client();
      const old = await serve((stream) => answer(stream, { body: [version] }));
      await called.version({});
      await old.kill();
      await serve((stream) => answer(stream, { body: [version] }));
      // Killed by this very process, whose event loop reads the end of the connection in its next turns.
      for (let turns = 0; turns < 5; turns++) await setImmediate();
      return outcome(called.version({}));
    },
    expected: "ok",
  },
  {
    name: "a session that the server half-closes ends its calls as unavailable",
    async see({ path, client }) {
      await using server = await tcpLike(path, (socket) => socket.once("data", () => socket.end()));
      const called = client();
      const ended = await outcome(called.version({}, { timeoutMs: 5000 }));
      return [ended, server.connections];
    },
    expected: ["unavailable", 1],
  },
  {
    name: "a peer that hangs up before it says anything",
    async see({ path, client }) {
      await using _server = await tcpLike(path, (socket) => socket.destroy());
      return await outcome(client().version({}));
    },
    expected: "unavailable",
  },
  {
    name: "a peer that speaks HTTP/1",
    async see({ path, client }) {
      await using _server = await tcpLike(path, (socket) =>
        socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
      );
      return await outcome(client().version({}));
    },
    expected: "unavailable",
  },
  {
    name: "a peer that accepts and never speaks is left at the deadline",
    async see({ path, client }) {
      await using _server = await tcpLike(path, () => {});
      return await outcome(client().version({}, { timeoutMs: 100 }));
    },
    expected: "deadline_exceeded",
  },
  {
    name: "an answer that comes before the request is read ends the call",
    async see({ serve, client }) {
      await serve((stream) => answer(stream, { trailers: { "grpc-status": "3" } }));
      const image = { image: "x".repeat(4 * 1024 * 1024) };
      return outcome(client().createContainer({ config: { image } }));
    },
    expected: "invalid_argument",
  },
  {
    name: "a slow reader holds the server back",
    async see({ serve, client }) {
      const message = envelope(ContainerEventResponseSchema, { containerId: "x".repeat(64 * 1024) });
      const total = 512;
      let written = 0;
      const server = await serve((stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        const writeNext = () => {
          if (written === total) return stream.end();
          written += 1;
          stream.write(message, writeNext);
          return undefined;
        };
        writeNext();
      });
      const messages = client().getContainerEvents({})[Symbol.asyncIterator]();
      await messages.next();
      await server.stream(0);
      let before = -1;
      await until("the server is held back", () => {
        const stands = before === written;
        before = written;
        return stands;
      });
      const heldBack = written < total / 2;
      let read = 1;
      while (!(await messages.next()).done) read += 1;
      return [heldBack, read];
    },
    expected: [true, 512],
  },
  {
    name: "32 big answers at once do not stand in each other's way",
    async see({ serve, client }) {
      const body = [envelope(VersionResponseSchema, { runtimeName: "x".repeat(1024 * 1024) })];
      await serve((stream) => answer(stream, { body }));
      const called = client();
      const answers = await Promise.all(Array.from({ length: 32 }, () => called.version({})));
      return answers.filter(({ runtimeName }) => runtimeName.length === 1024 * 1024).length;
    },
    expected: 32,
  },
  {
    name: "a stream that nobody reads does not hold up other calls",
    async see({ serve, client }) {
      const message = envelope(ContainerEventResponseSchema, { containerId: "x".repeat(1024 * 1024) });
      await serve((stream, headers) => {
        if (headers[":path"]?.endsWith("/Version")) answer(stream, { body: [version] });
        else answer(stream, { body: Array(40).fill(message) });
      });
      const called = client();
      const stalled = Array.from({ length: 4 }, () => called.getContainerEvents({})[Symbol.asyncIterator]());
      await Promise.all(stalled.map((each) => each.next()));
      return outcome(called.version({}, { timeoutMs: 5000 }));
    },
    expected: "ok",
  },
  {
    name: "close ends the calls in flight and refuses more",
    async see({ serve, connect }) {
      const server = await serve(() => {});
      const connection = connect();
      const called = rpcClient(connection);
      const unary = outcome(called.version({}));
      const stream = outcome(collect(called.getContainerEvents({})));
      await server.stream(1);
      connection.close();
      connection.close();
      await connection.closed;
      return [await unary, await stream, await outcome(called.version({}))];
    },
    expected: ["canceled", "canceled", "canceled"],
  },
];

/** A server of bare bytes. */
async function tcpLike(path: string, onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(path);
  await once(server, "listening");
  return {
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
