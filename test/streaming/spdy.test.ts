import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { SpdyPortForward } from "../../src/streaming/spdy-port-forward.js";
import { SpdyStream } from "../../src/wire/spdy/stream.js";
import { until } from "../support/until.js";
import { execRequest, type LocalRuntime, startLocalRuntime } from "./support/local-runtime.js";
import { RawSpdy } from "./support/raw-spdy.js";

let runtime: LocalRuntime;
let echo: Server;

beforeAll(async () => {
  runtime = await startLocalRuntime();
  echo = createServer((socket) => {
    socket.end("hello");
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
});

afterAll(async () => {
  echo.close();
  await runtime[Symbol.asyncDispose]();
});

const hang = () => new Promise<never>(() => {});
const streams = (...types: string[]) => types.map((streamtype) => ({ streamtype }));
const hasEnded = (client: RawSpdy) => () => client.frames.at(-1)?.type === "goaway";
const execUrl = (script: string, stdin = false) =>
  runtime.server.execUrl(execRequest(["sh", "-c", script], { stdin }));

describe("a session by SPDY", () => {
  it("takes its streams in any order, in one breath with the upgrade", async () => {
    const wanted = streams("stdout", "stdin", "stderr", "error");
    using client = new RawSpdy(execUrl("cat; echo err >&2; exit 3", true), "v4.channel.k8s.io", wanted);
    client.send({ type: "data", streamId: 3, payload: Buffer.from("in\n"), fin: true });
    await until("it has ended", hasEnded(client));
    expect([client.said(1), client.said(5)]).toEqual(["in\n", "err\n"]);
    expect(client.said(7)).toContain('"3"');
  });

  it("ends with the ends of its outputs, the status, and a goodbye", async () => {
    const wanted = streams("error", "stdout", "stderr");
    using client = new RawSpdy(execUrl("echo out; echo err >&2"), "v4.channel.k8s.io", wanted);
    await until("it has ended", hasEnded(client));
    const ends = client.frames.filter((frame) => frame.type === "goaway" || ("fin" in frame && frame.fin));
    expect(ends.map((frame) => ("streamId" in frame ? frame.streamId : frame.type))).toEqual([
      expect.toBeOneOf([3, 5]),
      expect.toBeOneOf([3, 5]),
      1,
      "goaway",
    ]);
    expect(client.frames.filter(({ type }) => type === "rst-stream")).toEqual([]);
  });

  it("resets streams that nobody asked for, and goes on", async () => {
    const wanted = streams("error", "stdout", "stderr", "resize", "stdin", "stdout");
    using client = new RawSpdy(execUrl("echo out"), "v4.channel.k8s.io", wanted);
    await until("it has ended", hasEnded(client));
    expect(client.said(3)).toBe("out\n");
    const resets = client.frames.filter((frame) => frame.type === "rst-stream");
    expect(resets.map(({ streamId }) => streamId)).toEqual([7, 9, 11]);
  });

  it.each([
    ["v3.channel.k8s.io", "exit 0", ""],
    ["v2.channel.k8s.io", "exit 4", expect.stringMatching(/exit code 4$/)],
    ["channel.k8s.io", "exit 4", expect.stringMatching(/exit code 4$/)],
  ])("by %s tells of `%s` in plain words, and of a success by silence", async (protocol, script, words) => {
    using client = new RawSpdy(execUrl(script), protocol, streams("error", "stdout", "stderr"));
    await until("it has ended", hasEnded(client));
    expect(client.said(1)).toEqual(words);
  });
});

describe("port-forward by SPDY", () => {
  const pair = (port: number, requestid: string) => [
    { streamtype: "error", port: String(port), requestid },
    { streamtype: "data", port: String(port), requestid },
  ];
  const url = () => runtime.server.portForwardUrl({ podSandboxId: "p", ports: [] });
  const ended = (client: RawSpdy, streamId: number) => () =>
    client.frames.some((frame) => "fin" in frame && frame.fin && frame.streamId === streamId);

  it("serves many connections on one session: one that is refused says why in plain words, the others go on", async () => {
    const { port } = echo.address() as AddressInfo;
    const wanted = [...pair(port, "0"), ...pair(1, "1"), ...pair(port, "2")];
    using client = new RawSpdy(url(), "portforward.k8s.io", wanted);
    for (const streamId of [3, 7, 11]) {
      client.send({ type: "data", streamId, payload: Buffer.alloc(200_000), fin: true });
    }
    for (const streamId of [1, 3, 5, 7, 9, 11]) await until("it has ended", ended(client, streamId));
    expect([client.said(3), client.said(11)]).toEqual(["hello", "hello"]);
    expect([client.said(1), client.said(9)]).toEqual(["", ""]);
    expect(client.said(5)).toMatch(/refused/i);
  });

  it("resets streams of no port", async () => {
    using client = new RawSpdy(url(), "portforward.k8s.io", [...pair(0, "0"), { streamtype: "data" }]);
    await until("all are reset", () => {
      return client.frames.filter(({ type }) => type === "rst-stream").length === 3;
    });
  });

  it("gives up a connection whose second stream does not come within 30 s", async () => {
    vi.useFakeTimers();
    try {
      const owner = { sendData: () => {}, wanted: () => {}, release: () => {} };
      const forward = new SpdyPortForward({ exec: hang, attach: hang, portForward: hang }, "p");
      const lone = new SpdyStream(owner, 1, pair(80, "0")[0] ?? {});
      forward.add(lone);
      vi.advanceTimersByTime(29_000);
      expect(lone.destroyed).toBe(false);
      vi.advanceTimersByTime(1_000);
      expect([lone.destroyed, vi.getTimerCount()]).toEqual([true, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
