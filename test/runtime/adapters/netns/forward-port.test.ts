import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forwardPort } from "../../../../src/runtime/adapters/netns/forward-port.js";
import { until } from "../../../support/until.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-forward-"));
});

afterEach(() => rm(directory, { recursive: true }));

async function serve(onConnect: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, onConnect).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { netns: undefined, port, directory, [Symbol.asyncDispose]: async () => void server.close() };
}

test("tells the end of what a server sends while the client still holds its side open", async () => {
  await using served = await serve((socket) => socket.end("hello"));
  const [input, output] = [new PassThrough(), new PassThrough()];
  const done = forwardPort(served, Duplex.from({ readable: input, writable: output }));
  expect(await text(output)).toBe("hello");
  input.end();
  await done;
});

test("what a server sends stays as it was until the write of it is done", async () => {
  const sent = randomBytes(8 * 1024 * 1024);
  await using served = await serve((socket) => socket.end(sent));
  const received: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    // Looks at it as late as it may.
    write(chunk: Buffer, _encoding, done) {
      setImmediate(() => {
        received.push(Buffer.from(chunk));
        done();
      });
    },
  });
  stream.push(null);
  await forwardPort(served, stream);
  expect(Buffer.concat(received).equals(sent)).toBe(true);
});

test("leaves no name behind, and no process when the stream goes", async () => {
  await using served = await serve((socket) => socket.on("error", () => {}).write("and no more"));
  const stream = new Duplex({ read() {}, write: () => stream.destroy() });
  await forwardPort(served, stream);
  expect(await readdir(directory)).toEqual([]);
});

test("leaves no descriptor when the client goes without an end after the port has closed", async () => {
  await using served = await serve((socket) => socket.resume().end("hello"));
  const before = await descriptors();
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  stream.once("finish", () => stream.destroy());
  await forwardPort(served, stream);
  await until("all descriptors are closed", async () => (await descriptors()) <= before);
});

test.each(["still holds its side open", "has ended its side"])(
  "a server that resets its connection ends no stream, and is told, where the client %s",
  async (side) => {
    const hasEnded = side === "has ended its side";
    await using served = await serve((socket) => {
      socket.resume().write("half", () => hasEnded || socket.resetAndDestroy());
      socket.once("end", () => socket.resetAndDestroy());
    });
    const input = new PassThrough();
    if (hasEnded) input.end();
    const stream = Duplex.from({ readable: input, writable: new PassThrough() });
    const reset = `Port ${served.port} of the pod: Connection reset by peer`;
    await expect(forwardPort(served, stream)).rejects.toMatchObject({ code: "unavailable", message: reset });
    expect(stream.writableEnded).toBe(false);
  },
);

test("a port that nobody listens at is told by what socat says of it", async () => {
  const served = await serve(() => {});
  await served[Symbol.asyncDispose]();
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  await expect(forwardPort(served, stream)).rejects.toThrow(`Port ${served.port} of the pod: `);
});

async function descriptors(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}
