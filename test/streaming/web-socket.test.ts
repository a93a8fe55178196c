import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { until } from "../support/until.js";
import { execRequest, type LocalRuntime, startLocalRuntime } from "./support/local-runtime.js";
import { openRawWebSocket } from "./support/raw-web-socket.js";

let runtime: LocalRuntime;
/** Says a word to who comes, and what it was told once that has ended. */
let echo: Server;

beforeAll(async () => {
  runtime = await startLocalRuntime();
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write("hello ");
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk;
      if (heard.endsWith("\n")) socket.end(`heard ${heard}`);
    });
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
});

afterAll(async () => {
  echo.close();
  await runtime[Symbol.asyncDispose]();
});

const status = (exitCode: number) => expect.stringMatching(new RegExp(`^3:.*(Success|"${exitCode}")`));

describe("a session on a WebSocket", () => {
  const script = "cat; echo out; sleep 0.1; echo err >&2; exit 3";

  it("begins with an empty message, and ends with the outputs, the status and code 1000", async () => {
    const url = runtime.server.execUrl(execRequest(["sh", "-c", script]));
    using client = await openRawWebSocket(url, "v5.channel.k8s.io");
    client.send(Buffer.from([0, ...Buffer.from("in\n")]));
    client.send(Buffer.from([255, 0]));
    await until("it has ended", () => client.told.some((message) => message.startsWith("close")));
    expect(client.told[0]).toBe("1:");
    expect(client.told.slice(1, -3).join("")).toMatch(/^1:in\n(1:)?out\n$/);
    expect(client.told.slice(-3)).toEqual(["2:err\n", status(3), "close 1000"]);
  });

  it.each([
    [{ stdout: false }, "2:"],
    [{ stdout: false, stderr: false }, "3:"],
  ])("without the outputs %j begins on another channel", async (channels, first) => {
    const url = runtime.server.execUrl(execRequest(["true"], channels));
    using client = await openRawWebSocket(url, "v5.channel.k8s.io");
    client.send(Buffer.from([255, 0]));
    await until("it has ended", () => client.told.at(-1) === "close 1000");
    expect(client.told).toEqual([first, status(0), "close 1000"]);
  });

  it.each([
    ["channel.k8s.io", "exit 0", []],
    ["channel.k8s.io", "exit 4", [expect.stringMatching(/^3:.*exit code 4$/)]],
    ["base64.channel.k8s.io", "exit 4", [expect.stringMatching(/^3:.*exit code 4$/)]],
    ["v4.base64.channel.k8s.io", "exit 4", [status(4)]],
  ])("by %s tells of `%s` in the words of its time", async (protocol, command, words) => {
    const url = runtime.server.execUrl(execRequest(["sh", "-c", command], { stdin: false }));
    using client = await openRawWebSocket(url, protocol);
    await until("it has ended", () => client.told.at(-1) === "close 1000");
    expect(client.told).toEqual(["1:", ...words, "close 1000"]);
  });

  it("is broken off when it is told that a channel ends which has no end", async () => {
    const url = runtime.server.execUrl(execRequest(["cat"]));
    using client = await openRawWebSocket(url, "v4.channel.k8s.io");
    client.send(Buffer.from([255, 0]));
    await client.closed;
    expect(client.told).toEqual(["1:", "close 1002"]);
  });
});

describe("port-forward on a WebSocket", () => {
  const forward = (ports: number[], protocol: string) =>
    openRawWebSocket(runtime.server.portForwardUrl({ podSandboxId: "p", ports }), protocol);
  const echoPort = () => (echo.address() as AddressInfo).port;
  const number = (port: number) => Buffer.from([port & 0xff, port >> 8]).toString("latin1");

  it.each(["v4.channel.k8s.io", "v5.channel.k8s.io"])(
    "by %s tells each port's number first, in little endian, and takes none",
    async (protocol) => {
      using client = await forward([echoPort(), echoPort()], protocol);
      for (const channel of [0, 2]) {
        client.send(Buffer.from([channel, ...Buffer.from(`to ${channel}\n`)]));
        if (protocol === "v5.channel.k8s.io") client.send(Buffer.from([255, channel]));
      }
      await until("both have ended", () => client.told.at(-1)?.startsWith("close") === true);
      const of = (channel: number) =>
        client.told.filter((message) => message.startsWith(`${channel}:`)).map((each) => each.slice(2));
      for (const channel of [0, 2]) {
        expect(of(channel).join("")).toBe(`${number(echoPort())}hello heard to ${channel}\n`);
        expect(of(channel + 1)).toEqual([number(echoPort())]);
      }
    },
  );

  it("says in words that nobody listens, on that port's channel alone", async () => {
    using client = await forward([1, echoPort()], "v4.channel.k8s.io");
    await until("it is said", () => client.told.filter((each) => each.startsWith("1:")).length === 2);
    client.send(Buffer.from([2, ...Buffer.from("still here\n")]));
    await until("the other has ended", () => client.told.at(-1) === "close 1000");
    expect(client.told.filter((each) => each.startsWith("1:"))[1]).toMatch(/refused/i);
    expect(client.told.filter((each) => each.startsWith("2:")).join("")).toContain("still here");
  });

  it("without a port ends at once", async () => {
    using client = await forward([], "v4.channel.k8s.io");
    await client.closed;
    expect(client.told).toEqual(["close 1000"]);
  });
});

it("a port that ends one direction is heard to the end of the other", async () => {
  const listener = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.end("first word, and the last\n");
    heard = await text(socket);
  }).listen(0, "127.0.0.1");
  let heard = "";
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const url = runtime.server.portForwardUrl({ podSandboxId: "p", ports: [port] });
  using client = await openRawWebSocket(url, "v5.channel.k8s.io");
  await until("it is told", () => client.told.some((each) => each.includes("the last")));
  client.send(Buffer.from([0, ...Buffer.from("an answer")]));
  client.send(Buffer.from([255, 0]));
  await until("it is heard", () => heard === "an answer");
  listener.close();
});

it("a port may be read into the same memory again as soon as a write is done", async () => {
  const pieces = Array.from({ length: 4096 }, (_, index) => Buffer.alloc(4096, index % 256));
  await using own = await startLocalRuntime({
    async portForward(_id, _port, stream) {
      const memory = Buffer.alloc(4096);
      for (const piece of pieces) {
        piece.copy(memory);
        await new Promise<void>((resolve) => void stream.write(memory, () => resolve()));
      }
    },
  });
  const url = own.server.portForwardUrl({ podSandboxId: "p", ports: [7] });
  using client = await openRawWebSocket(url, "v5.channel.k8s.io");
  await until("all is told", () => client.told.length === pieces.length + 3);
  const told = client.told.filter((each) => each.startsWith("0:")).slice(1);
  expect(told.every((each, index) => each === `0:${pieces[index]?.toString("latin1")}`)).toBe(true);
});
