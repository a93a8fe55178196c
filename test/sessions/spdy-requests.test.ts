import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { SessionOpener } from "../../src/sessions/open-session.js";
import { printStatus } from "../../src/wire/channels.js";
import { FrameReader, type SpdyFrame, writeFrame } from "../../src/wire/spdy/frames.js";
import { HeaderDecoder, HeaderEncoder } from "../../src/wire/spdy/headers.js";
import { until } from "../support/until.js";

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n";

/** A server that speaks by hand: HTTP first, frames then. */
let server: Server;
let socket: Socket;
let request: string;
let frames: SpdyFrame[];
/** What is to go out in one piece with the answer. */
let answer: Buffer[];
let answers: number;
let encoder: HeaderEncoder;

beforeEach(async () => {
  [request, frames, answer, answers] = ["", [], [Buffer.from(switching)], 0];
  encoder = new HeaderEncoder();
  server = createServer((accepted) => {
    socket = accepted.on("error", () => {});
    answers += 1;
    const reader = new FrameReader();
    let head = "";
    accepted.on("data", (chunk) => {
      if (head.includes("\r\n\r\n")) {
        frames.push(...reader.read(chunk));
        return;
      }
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      request = head;
      accepted.write(Buffer.concat(answer));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  socket?.destroy();
  server.close();
});

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/x/secret`;
const channels = { stdin: true, stdout: true, stderr: true, tty: false };
const spdy = () => new SessionOpener({ transport: "spdy" });
const open = (over: Partial<typeof channels> = {}) =>
  spdy().open({ ...channels, ...over }, async () => url());

/** The streams that the client has asked for: their headers, in order. */
function asked(): Record<string, string>[] {
  const decoder = new HeaderDecoder();
  return frames.flatMap((frame) =>
    frame.type === "syn-stream" ? [{ ...decoder.decode(frame.headerBlock) }] : [],
  );
}

const reply = (...streamIds: number[]) =>
  streamIds.map((streamId) =>
    writeFrame({ type: "syn-reply", streamId, headerBlock: encoder.encode({}), fin: false }),
  );
const data = (streamId: number, words: string, fin = true) =>
  writeFrame({ type: "data", streamId, payload: Buffer.from(words), fin });
const success = printStatus({ kind: "exit", exitCode: 0 });
const goodbye = writeFrame({ type: "goaway", lastStreamId: 0, status: 0 });

describe("a session by SPDY", () => {
  it("asks by POST for the protocol that tells the exit code, and for nothing newer", async () => {
    const opening = open();
    await until("it asks", () => request !== "");
    expect(request).toMatch(/^POST \/x\/secret HTTP/);
    expect(request.match(/x-stream-protocol-version: (.*)\r/i)?.[1]).toBe("v4.channel.k8s.io");
    socket.destroy();
    await expect(opening).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each([
    [{}, ["error", "stdin", "stdout", "stderr"]],
    [{ stdin: false, stderr: false }, ["error", "stdout"]],
    [{ tty: true, stderr: false }, ["error", "stdin", "stdout", "resize"]],
    [{ tty: true }, ["error", "stdin", "stdout", "resize"]],
  ])("of %j has just the streams that belong to it, a size with a terminal alone", async (over, types) => {
    const opening = open(over);
    await until("it asks for all", () => asked().length === types.length);
    expect(asked().map(({ streamtype }) => streamtype)).toEqual(types);
    socket.write(Buffer.concat(reply(...types.map((_, index) => 2 * index + 1))));
    await (await opening).close();
    expect(asked().length).toBe(types.length);
  });

  it("hears what comes in one piece with the answer", async () => {
    answer.push(writeFrame({ type: "ping", id: 2 }));
    const opening = open();
    await until("it has answered", () => frames.some(({ type }) => type === "ping"));
    socket.destroy();
    await expect(opening).rejects.toMatchObject({ code: "unavailable" });
  });

  it("sends nothing on a stream before it was accepted, and then no more than it has to", async () => {
    const opening = open();
    void opening.then((session) => session.stdin.end("in"));
    await until("it asks for all", () => frames.length === 4);
    socket.write(Buffer.concat(reply(1, 3, 5)));
    // Were it to send now, it would be heard before the answer to this.
    socket.write(writeFrame({ type: "ping", id: 2 }));
    await until("it has answered", () => frames.length === 5);
    expect(frames.map(({ type }) => type)).toEqual([...Array(4).fill("syn-stream"), "ping"]);
    socket.write(Buffer.concat([...reply(7), data(5, "out"), data(7, ""), data(1, success)]));
    const session = await opening;
    session.stderr.resume();
    expect([await text(session.stdout), (await session.exited).exitCode]).toEqual(["out", 0]);
    const sent = frames.slice(5).filter((frame) => frame.type !== "data" || frame.streamId !== 3);
    expect(sent.map(({ type }) => type)).toEqual([]);
  });

  it("leaves its output to whoever reads it after the exit code came", async () => {
    const opening = open();
    await until("it asks for all", () => frames.length === 4);
    // The goodbye comes too late: the client has closed the connection by then.
    socket.write(Buffer.concat([...reply(1, 3, 5, 7), data(5, "out"), data(7, "err"), data(1, success)]));
    const session = await opening;
    expect((await session.exited).exitCode).toBe(0);
    expect([await text(session.stdout), await text(session.stderr)]).toEqual(["out", "err"]);
  });

  it("has all of its outputs, also when the exit code comes before their end", async () => {
    const opening = open();
    await until("it asks for all", () => frames.length === 4);
    socket.write(Buffer.concat([...reply(1, 3, 5, 7), data(5, "out", false), data(1, success)]));
    const session = await opening;
    expect((await session.exited).exitCode).toBe(0);
    socket.end(Buffer.concat([data(5, "put"), data(7, "err"), goodbye]));
    expect([await text(session.stdout), await text(session.stderr)]).toEqual(["output", "err"]);
  });

  it("has outputs that are finished when they are read to their end", async () => {
    const opening = open();
    await until("it asks for all", () => frames.length === 4);
    socket.write(
      Buffer.concat([...reply(1, 3, 5, 7), data(5, "out"), data(7, ""), data(1, success), goodbye]),
    );
    const session = await opening;
    session.stdout.resume();
    session.stderr.resume();
    await Promise.all([finished(session.stdout), finished(session.stderr)]);
    expect((await session.exited).exitCode).toBe(0);
  });

  it.each([
    ["takes the end of its input", undefined, undefined],
    ["fails what more is written to it", "more", "unavailable"],
  ])("whose command has ended %s", async (_what, late, code) => {
    const opening = open();
    await until("it asks for all", () => frames.length === 4);
    socket.end(Buffer.concat([...reply(1, 3, 5, 7), data(5, ""), data(7, ""), data(1, success), goodbye]));
    const session = await opening;
    session.stdout.resume();
    session.stderr.resume();
    expect((await session.exited).exitCode).toBe(0);
    await session.close();
    session.stdin.end(late);
    const ended = finished(session.stdin, { readable: false }).catch((error) => error.code);
    expect(await ended).toBe(code);
  });

  it("whose output nobody reads is held up, and goes on when somebody does", async () => {
    const opening = open();
    await until("it asks for all", () => frames.length === 4);
    const output = data(5, "x".repeat(2_000_000));
    socket.write(Buffer.concat([...reply(1, 3, 5, 7), output, data(7, ""), data(1, success), goodbye]));
    const session = await opening;
    session.stderr.resume();
    const early = Symbol("nothing yet");
    const pause = new Promise((resolve) => setTimeout(resolve, 200, early));
    expect(await Promise.race([session.exited, pause])).toBe(early);
    expect((await text(session.stdout)).length).toBe(2_000_000);
    expect((await session.exited).exitCode).toBe(0);
  });
});

describe("an answer that is no change of protocols", () => {
  it.each(["200 OK", "400 Bad Request", "403 Forbidden", "404 Not Found"])(
    "%s is a refusal",
    async (line) => {
      answer = [Buffer.from(`HTTP/1.1 ${line}\r\nContent-Length: 5\r\n\r\nno\r\n\r`)];
      await expect(open()).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining(`HTTP ${line.slice(0, 3)}, no`),
      });
      const port = spdy().openPort(80, async () => url());
      await expect(port).rejects.toMatchObject({ code: "unavailable" });
    },
  );
});

describe("a connection to a port", () => {
  const openPort = () => spdy().openPort(80, async () => url());
  /** One that the server has taken, which then says this much in one piece. */
  async function opened(...said: Buffer[]) {
    const opening = openPort();
    await until("it asks for both", () => frames.length === 2);
    socket.write(Buffer.concat([...reply(1, 3), ...said]));
    return opening;
  }

  it("is a stream for trouble, ended at once, then one for bytes, of the same port and request", async () => {
    const opening = openPort();
    await until("it asks for both", () => frames.length === 2);
    expect(asked()).toEqual([
      { streamtype: "error", port: "80", requestid: "0" },
      { streamtype: "data", port: "80", requestid: "0" },
    ]);
    socket.write(Buffer.concat(reply(1)));
    await until("it ends the one that was accepted", () => frames.length === 3);
    expect(frames[2]).toMatchObject({ type: "data", streamId: 1, fin: true });
    socket.destroy();
    await expect(opening).rejects.toMatchObject({ code: "unavailable" });
  });

  it("fails with the words that come on the stream for trouble, although the other has ended well", async () => {
    const stream = await opened(data(3, ""), data(1, "connection refused\n"));
    await expect(text(stream)).rejects.toThrow(/Port 80 .*connection refused/);
  });

  it("tells the end of what the port has sent while its own side is open, and goes on with that", async () => {
    const stream = await opened(data(3, "hello"));
    stream.resume();
    await once(stream, "end");
    stream.end("late");
    const sent = () =>
      frames.flatMap((frame) => (frame.type === "data" && frame.streamId === 3 ? [frame] : []));
    await until("it ends too", () => sent().some(({ fin }) => fin));
    expect(String(Buffer.concat(sent().map(({ payload }) => payload)))).toBe("late");
  });

  it("fails with words of trouble that come before the end of what the port has sent", async () => {
    const stream = await opened(data(3, "hel", false), data(1, "reset by peer\n", false), data(3, ""));
    const reading = text(stream);
    socket.write(data(1, ""));
    await expect(reading).rejects.toThrow(/Port 80 .*reset by peer/);
  });

  it("has a session of its own", async () => {
    for (let round = 1; round <= 3; round += 1) {
      frames = [];
      const opening = openPort();
      await until("it asks", () => answers === round && frames.length === 2);
      socket.destroy();
      await expect(opening).rejects.toMatchObject({ code: "unavailable" });
    }
  });
});
