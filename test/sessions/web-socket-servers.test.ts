import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { afterEach, describe, expect, it } from "vitest";

import { SessionOpener } from "../../src/sessions/open-session.js";
import { switchProtocols } from "../../src/streaming/answer.js";
import { printStatus } from "../../src/wire/channels.js";
import { WebSocketConnection } from "../../src/wire/websocket/connection.js";
import { acceptKey } from "../../src/wire/websocket/handshake.js";
import { until } from "../support/until.js";

const cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

interface Peer {
  /** The protocols that the client offered. */
  offered: string;
  /** What the client has sent, each message with its channel first. */
  heard: Buffer[];
  say(channel: number, words?: string): void;
  close(code: number): void;
  reset(): void;
}

/** A server of WebSockets that speaks `protocol` and does as it is told once a client is there. */
async function serveWebSocket(protocol: string, serve: (peer: Peer) => void): Promise<string> {
  const server = createServer().on("upgrade", (request, socket, head) => {
    switchProtocols(socket, {
      upgrade: "websocket",
      "sec-websocket-accept": acceptKey(request.headers["sec-websocket-key"] ?? ""),
      "sec-websocket-protocol": protocol,
    });
    const heard: Buffer[] = [];
    const connection = new WebSocketConnection(socket, head, {
      role: "server",
      onData: ({ payload }) => void heard.push(Buffer.from(payload)),
      onEnd: () => {},
    });
    cleanUp.push(() => connection.destroy());
    serve({
      offered: request.headers["sec-websocket-protocol"] ?? "",
      heard,
      say: (channel, words = "") => connection.send(Buffer.from([channel, ...Buffer.from(words)])),
      close: (code) => connection.close(code),
      reset: () => (socket as Socket).resetAndDestroy(),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/x`;
}

const v5 = "v5.channel.k8s.io";
const v4 = "v4.channel.k8s.io";
const channels = { stdin: true, stdout: true, stderr: true, tty: false };
const success = printStatus({ kind: "exit", exitCode: 0 });

async function open(protocol: string, serve: (peer: Peer) => void, over: Partial<typeof channels> = {}) {
  const url = await serveWebSocket(protocol, serve);
  return new SessionOpener({ transport: "websocket" }).open({ ...channels, ...over }, async () => url);
}

describe("a session on a WebSocket server", () => {
  it("offers v5 and v4 at once, and goes by what the server has chosen", async () => {
    for (const protocol of [v5, v4]) {
      let offered = "";
      const session = await open(protocol, (peer) => {
        offered = peer.offered;
        peer.say(3, success);
        peer.close(1000);
      });
      expect(offered).toBe(`${v5}, ${v4}`);
      expect((await session.exited).exitCode).toBe(0);
    }
  });

  it("that chooses what was not offered is broken off", async () => {
    await expect(open("channel.k8s.io", () => {})).rejects.toMatchObject({ code: "internal" });
  });

  it("takes an empty message for no end", async () => {
    const session = await open(v4, (peer) => {
      for (const words of ["", "one ", "", "two"]) peer.say(1, words);
      peer.say(2);
      peer.say(3, success);
      peer.close(1000);
    });
    expect([await text(session.stdout), await text(session.stderr)]).toEqual(["one two", ""]);
  });

  it("that ends well and without a status has succeeded by v5, as CRI-O's monitor has it", async () => {
    const session = await open(v5, (peer) => {
      peer.say(1, "done");
      peer.close(1000);
    });
    expect([await text(session.stdout), (await session.exited).exitCode]).toEqual(["done", 0]);
  });

  it("that ends well and without a status has an unknown end by v4", async () => {
    const session = await open(v4, (peer) => peer.close(1000));
    await expect(session.exited).rejects.toMatchObject({ code: "unavailable" });
  });

  it("that takes the end of the input for the session's, as CRI-O's monitor does, has an unknown end", async () => {
    const session = await open(v5, (peer) => {
      const look = setInterval(() => {
        if (!peer.heard.some((message) => message[0] === 255)) return;
        clearInterval(look);
        peer.close(1000);
      }, 5);
      cleanUp.push(() => clearInterval(look));
    });
    session.stdin.end("half of it");
    await expect(session.exited).rejects.toMatchObject({ code: "unavailable" });
  });

  it("that ends for any other reason has failed, and so have its outputs", async () => {
    const session = await open(v5, (peer) => {
      peer.say(1, "half");
      peer.close(1011);
    });
    await expect(text(session.stdout)).rejects.toThrow(/1011/);
    await expect(session.exited).rejects.toMatchObject({ code: "unavailable" });
  });

  it("whose connection is reset fails as unavailable", async () => {
    let reset = () => {};
    const session = await open(v5, (peer) => {
      ({ reset } = peer);
    });
    reset();
    await expect(text(session.stdout)).rejects.toMatchObject({ code: "unavailable" });
    await expect(session.exited).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each([
    ["takes the end of its input", undefined, undefined],
    ["fails what more is written to it", "more", "unavailable"],
  ])("whose command has ended %s", async (_what, late, code) => {
    const session = await open(v5, (peer) => {
      peer.say(3, success);
      peer.close(1000);
    });
    expect(await text(session.stdout)).toBe("");
    expect((await session.exited).exitCode).toBe(0);
    session.stdin.end(late);
    expect(await finished(session.stdin).catch((error) => error.code)).toBe(code);
  });

  it("by v5 is told the end of the input as such", async () => {
    let heard: Buffer[] = [];
    const session = await open(v5, (peer) => {
      heard = peer.heard;
    });
    session.stdin.end("in");
    await until("it is told", () => heard.length === 2);
    expect(heard).toEqual([Buffer.from("\0in"), Buffer.from([255, 0])]);
    await session.close();
  });

  it("by v4 cannot be told the end of the input, which is an error and not a command that waits for ever", async () => {
    let heard: Buffer[] = [];
    const session = await open(v4, (peer) => {
      heard = peer.heard;
    });
    session.stdin.on("error", () => {});
    session.stdin.end("in");
    await expect(session.exited).rejects.toMatchObject({ code: "unsupported" });
    expect(heard.filter((message) => message[0] !== 0)).toEqual([]);
  });
});
