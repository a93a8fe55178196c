import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { SpdyConnection } from "../../../src/wire/spdy/connection.js";
import { FrameReader, type SpdyFrame, writeFrame } from "../../../src/wire/spdy/frames.js";
import { HeaderEncoder } from "../../../src/wire/spdy/headers.js";
import type { SpdyStream } from "../../../src/wire/spdy/stream.js";
import { until } from "../../support/until.js";

let client: Socket;
let server: Socket;

beforeEach(async () => {
  const listener = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  [server] = await accepted;
  listener.close();
});

afterEach(() => {
  client.destroy();
  server.destroy();
});

/** What arrives at a side that speaks by hand. */
function frames(socket: Socket): SpdyFrame[] {
  const received: SpdyFrame[] = [];
  const reader = new FrameReader();
  socket.on("data", (chunk) => received.push(...reader.read(chunk)));
  return received;
}

function opened(): { streams: SpdyStream[]; onStream(stream: SpdyStream): void } {
  const streams: SpdyStream[] = [];
  return { streams, onStream: (stream) => streams.push(stream) };
}

/** Reads to the end and leaves the other direction open, which an iterator does not. */
async function readAll(stream: SpdyStream): Promise<string> {
  let seen = "";
  stream.on("data", (chunk) => {
    seen += chunk;
  });
  await once(stream, "end");
  return seen;
}

describe("a SPDY connection", () => {
  it("carries many streams both ways, each with its own end", async () => {
    const { streams, onStream } = opened();
    new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream });
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    const own = await Promise.all(
      Array.from({ length: 50 }, (_, index) => connection.open({ n: `${index}` })),
    );
    expect(streams.map(({ headers }) => headers.n)).toEqual(own.map((_, index) => `${index}`));
    for (const [index, stream] of own.entries()) stream.end(`to ${index}`);
    const answers = streams.map(async (stream) => {
      const asked = await readAll(stream);
      stream.end(`${asked} and back`);
    });
    await Promise.all(answers);
    expect(await Promise.all(own.map((stream) => text(stream)))).toEqual(
      own.map((_, index) => `to ${index} and back`),
    );
  });

  it("goes on when a stream that held it up has been read to its end, which came with the last bytes", async () => {
    const { streams, onStream } = opened();
    new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream });
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    const [full, other] = await Promise.all([connection.open({}), connection.open({})]);
    // As much as a stream holds: the end comes when it is full already.
    full.end(Buffer.alloc(256 * 1024));
    await until("all of it has come", () => streams[0]?.isWhole === true);
    other.end("the other");
    expect((await readAll(streams[0] as SpdyStream)).length).toBe(256 * 1024);
    expect(await readAll(streams[1] as SpdyStream)).toBe("the other");
  });

  it("answers the peer's pings and not its own", async () => {
    const received = frames(client);
    new SpdyConnection(server, Buffer.alloc(0), { role: "server" });
    client.write(Buffer.concat([1, 2, 3].map((id) => writeFrame({ type: "ping", id }))));
    await until("both are answered", () => received.length === 2);
    expect(received).toEqual([
      { type: "ping", id: 1 },
      { type: "ping", id: 3 },
    ]);
  });

  it("accepts a stream at once, before the client opens the next", async () => {
    const received = frames(client);
    new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream: () => {} });
    const headerBlock = new HeaderEncoder().encode({ streamtype: "error" });
    client.write(writeFrame({ type: "syn-stream", streamId: 1, headerBlock, fin: false }));
    await until("it is accepted", () => received.length === 1);
    expect(received[0]).toMatchObject({ type: "syn-reply", streamId: 1 });
  });

  it("refuses streams that nobody takes, and those beyond the limit", async () => {
    const { streams, onStream } = opened();
    new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream, maxStreams: 1 });
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    await connection.open({ n: "0" });
    await expect(connection.open({ n: "1" })).rejects.toMatchObject({ code: "unavailable" });
    expect(streams).toHaveLength(1);
  });

  it("without anybody to take streams refuses them unread, and looks at no headers", async () => {
    const received = frames(server);
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    const headerBlock = Buffer.from("no header block");
    const opening = connection.open({});
    await until("it asks", () => received.length === 1);
    server.write(writeFrame({ type: "syn-stream", streamId: 2, headerBlock, fin: false }));
    server.write(writeFrame({ type: "headers", streamId: 1, headerBlock, fin: false }));
    server.write(writeFrame({ type: "syn-reply", streamId: 1, headerBlock, fin: false }));
    expect((await opening).id).toBe(1);
    await until("it has refused", () => received.length === 2);
    expect(received[1]).toMatchObject({ type: "rst-stream", streamId: 2, status: 3 });
  });

  it("ends with a peer that opens a stream out of turn", async () => {
    const connection = new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream: () => {} });
    const headerBlock = new HeaderEncoder().encode({});
    client.write(writeFrame({ type: "syn-stream", streamId: 2, headerBlock, fin: false }));
    await connection.closed;
    expect(server.destroyed).toBe(true);
  });

  it("after a goodbye ends its streams, without one they are lost", async () => {
    const { streams, onStream } = opened();
    const serving = new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream });
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    const stream = await connection.open({});
    streams[0]?.write("said");
    serving.close();
    expect(await text(stream)).toBe("said");
    await expect(connection.open({})).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each([
    ["ended", () => void server.destroy()],
    ["reset", () => void server.resetAndDestroy()],
  ])("loses its streams with the socket, %s", async (_how, lose) => {
    new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream: () => {} });
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    const stream = await connection.open({});
    const opening = connection.open({});
    lose();
    await expect(text(stream)).rejects.toMatchObject({ code: "unavailable" });
    await expect(opening).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each(["before", "after"])(
    "tells who still writes of a loss %s the peer's half was read",
    async (when) => {
      const { streams, onStream } = opened();
      const serving = new SpdyConnection(server, Buffer.alloc(0), { role: "server", onStream });
      const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
      const stream = await connection.open({});
      stream.end("asked");
      await until("it is here", () => streams[0]?.readableLength === 5);
      const [accepted] = streams as [SpdyStream];
      const told = once(accepted, "error");
      const read = when === "after" && (await readAll(accepted));
      client.destroy();
      await serving.closed;
      expect(read || (await readAll(accepted))).toBe("asked");
      expect(await told).toMatchObject([{ code: "unavailable" }]);
    },
  );

  it("ends a stream whose reset comes with its acceptance and what it has said", async () => {
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    const opening = connection.open({});
    await once(server, "data");
    const headerBlock = new HeaderEncoder().encode({});
    const answer: SpdyFrame[] = [
      { type: "syn-reply", streamId: 1, headerBlock, fin: false },
      { type: "data", streamId: 1, payload: Buffer.from("nobody listens"), fin: false },
      { type: "rst-stream", streamId: 1, status: 5 },
    ];
    server.write(Buffer.concat(answer.map(writeFrame)));
    expect(await readAll(await opening)).toBe("nobody listens");
  });

  it("says nothing of a stream that its client gives up, and drops what still comes", async () => {
    const received = frames(server);
    const connection = new SpdyConnection(client, Buffer.alloc(0), { role: "client" });
    const opening = [connection.open({}), connection.open({})];
    const encoder = new HeaderEncoder();
    await until("both ask", () => received.length === 2);
    for (const streamId of [1, 3]) {
      server.write(writeFrame({ type: "syn-reply", streamId, headerBlock: encoder.encode({}), fin: false }));
    }
    const [given, kept] = await Promise.all(opening);
    given?.destroy();
    server.write(writeFrame({ type: "data", streamId: 1, payload: Buffer.alloc(1_000_000), fin: true }));
    server.write(writeFrame({ type: "data", streamId: 3, payload: Buffer.from("heard"), fin: true }));
    expect(await text(kept ?? client)).toBe("heard");
    expect(received).toHaveLength(2);
  });

  it("gives up a stream that the peer does not accept within 30 s, and no other", async () => {
    vi.useFakeTimers();
    try {
      const silent = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      const connection = new SpdyConnection(silent, Buffer.alloc(0), { role: "client" });
      const late = expect(connection.open({})).rejects.toMatchObject({ code: "deadline_exceeded" });
      await vi.advanceTimersByTimeAsync(30_000);
      await late;
      const headerBlock = new HeaderEncoder().encode({});
      const next = connection.open({});
      silent.push(writeFrame({ type: "syn-reply", streamId: 3, headerBlock, fin: false }));
      await vi.advanceTimersByTimeAsync(0);
      expect((await next).id).toBe(3);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
