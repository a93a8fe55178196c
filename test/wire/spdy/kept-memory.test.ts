import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, Socket } from "node:net";
import { Duplex, PassThrough, type Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { SpdyConnection } from "../../../src/wire/spdy/connection.js";
import { writeFrame } from "../../../src/wire/spdy/frames.js";
import { HeaderEncoder } from "../../../src/wire/spdy/headers.js";
import type { SpdyStream } from "../../../src/wire/spdy/stream.js";

let peer: Duplex;
let stream: SpdyStream;
/** Of each read, whether somebody may still look at its memory. */
let kept: boolean[];
let writer: Socket;
/** The writer's other end. */
let far: Socket;

beforeEach(async () => {
  peer = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  kept = [];
  const onRead = (isKept: boolean) => void kept.push(isKept);
  const connection = new SpdyConnection(peer, Buffer.alloc(0), { role: "client", onRead });
  const opening = connection.open({});
  const headerBlock = new HeaderEncoder().encode({});
  peer.push(writeFrame({ type: "syn-reply", streamId: 1, headerBlock, fin: false }));
  stream = await opening;
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  writer = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  [[far]] = await Promise.all([accepted, once(writer, "connect")]);
  listener.close();
  kept.length = 0;
});

afterEach(() => {
  for (const end of [stream, peer, writer, far]) end.destroy();
});

/** Has a chunk come, and tells whether it may still be looked at. */
async function isKept(length = 1000): Promise<boolean> {
  peer.push(writeFrame({ type: "data", streamId: 1, payload: Buffer.alloc(length, 1), fin: false }));
  await new Promise(setImmediate);
  expect(kept).toHaveLength(1);
  return kept.pop() ?? true;
}

/** As it is piped, so that what comes next comes to the writer at once. */
async function piped<Target extends NodeJS.WritableStream>(target: Target): Promise<Target> {
  stream.pipe(target, { end: false });
  await new Promise(setImmediate);
  return target;
}

class Keeper extends Socket {
  readonly seen: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.seen.push(chunk);
    done();
  }
}

describe("the memory of what a stream has received", () => {
  it("is free once a socket to which alone it is piped has written it", async () => {
    await piped(writer);
    expect([await isKept(), await isKept()]).toEqual([false, false]);
    await once(far, "data");
  });

  it("is kept while the socket has not written it, and is free again later", async () => {
    await piped(writer);
    far.pause();
    while (!(await isKept(1_000_000)));
    expect(stream.readableLength + writer.writableLength).toBeGreaterThan(0);
    far.resume();
    await once(writer, "drain");
    while (stream.readableLength + writer.writableLength > 0) await new Promise(setImmediate);
    expect(await isKept()).toBe(false);
  });

  it.each<[string, () => unknown]>([
    ["nobody reads it", () => {}],
    ["who listens has it", () => stream.on("data", () => {})],
    ["who listens once beside a pipe has it", () => piped(writer).then(() => stream.once("data", () => {}))],
    ["who listens beside a pipe has it", () => stream.on("data", () => {}) && piped(writer)],
    ["a loop has it", () => void stream[Symbol.asyncIterator]().next()],
    ["a second pipe has it", () => piped(writer).then(() => piped(new PassThrough().resume()))],
    ["a stream of somebody's has it", () => piped(new PassThrough().resume())],
    ["a writer of somebody's has it", () => piped(new Writable({ write: (_c, _e, done) => done() }))],
    ["a socket of somebody's has it", () => piped(new Keeper())],
    [
      "a socket that somebody listens in on has it",
      () => piped(Object.assign(writer, { write: Duplex.prototype.write.bind(writer) })),
    ],
    [
      "a socket whose inside is changed has it",
      () => piped(Object.assign(writer, { _write: writer._write.bind(writer) })),
    ],
    ["the pipe has been taken away", () => piped(writer).then(() => stream.unpipe(writer))],
    [
      "a listener has come in place of the pipe",
      () => piped(writer).then(() => stream.unpipe().on("data", () => {})),
    ],
  ])("is kept when %s", async (_who, read) => {
    await read();
    expect(await isKept()).toBe(true);
  });

  it.each(["file", "pipe"] as const)(
    "is free once the standard output of a program has it, a %s",
    async (kind) => {
      const module = new URL("../../../src/wire/spdy/nodes-writer.ts", import.meta.url).href;
      const ask = `const { isNodesWriter } = await import("${module}"); console.error(isNodesWriter(process.stdout));`;
      const program = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", ask], {
        stdio: ["ignore", kind === "file" ? "ignore" : "pipe", "pipe"],
      });
      expect(await text(program.stderr as Readable)).toBe("true\n");
    },
  );
});
