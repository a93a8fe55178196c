import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { WebSocketConnection } from "../../../src/wire/websocket/connection.js";
import { WebSocketReader } from "../../../src/wire/websocket/frames.js";

let client: Socket;
let server: Socket;

beforeEach(async () => {
  const listener = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  [server] = await accepted;
  listener.close();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  client.destroy();
  server.destroy();
});

describe("a WebSocket that its server has closed", () => {
  const serve = () =>
    new WebSocketConnection(server, Buffer.alloc(0), { role: "server", onData: () => true, onEnd: () => {} });

  it("still brings all that was sent to a reader that takes its time", async () => {
    const connection = serve();
    client.pause();
    // More than the kernel takes of it.
    connection.send(Buffer.alloc(32 * 1024 * 1024));
    connection.send(Buffer.from("status"));
    connection.close();
    await vi.advanceTimersByTimeAsync(60_000);
    const events = [...new WebSocketReader({ isMasked: false }).read(await buffer(client))];
    const bytes = events.reduce((sum, event) => sum + (event.type === "data" ? event.payload.length : 0), 0);
    expect(bytes).toBe(32 * 1024 * 1024 + "status".length);
    expect(events.at(-1)).toMatchObject({ type: "close", code: 1000 });
  });

  it("ends also when the client answers nothing", async () => {
    serve().close();
    client.resume();
    const ended = once(client, "end");
    await vi.advanceTimersByTimeAsync(60_000);
    await ended;
  });
});
