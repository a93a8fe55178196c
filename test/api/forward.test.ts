import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type CriClient, connect, type Pod, type PortForward } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deferred } from "../../src/async/deferred.js";
import { receive, writeInPieces } from "../support/pieces.js";
import { until } from "../support/until.js";

let fake: FakeRuntime;
let cri: CriClient;
let pod: Pod;
let forward: PortForward;
let errors: unknown[];

beforeEach(async () => {
  fake = await startFakeRuntime();
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  pod = await cri.pods.run({ metadata: { name: "demo" } });
  errors = [];
  forward = await pod.forward(7, { onError: (error) => errors.push(error) });
});

afterEach(async () => {
  await forward.close();
  await cri.close();
  await fake[Symbol.asyncDispose]();
});

const dial = () => connectTcp({ port: forward.port, host: "127.0.0.1", allowHalfOpen: true });

/** Resolves when a number that grows has not grown between two looks. */
async function standsStill(what: string, count: () => number): Promise<void> {
  let before = 0;
  await until(`${what} stands still`, async () => {
    [before] = [count(), await sleep(100)];
    return before > 0 && before === count();
  });
}

/** More than what lies between the two ends can hold. */
const muchBytes = 32 * 1024 * 1024;

/** Reads to the end and leaves the other direction open. */
const read = async (stream: Readable) => String(await buffer(stream.iterator({ destroyOnReturn: false })));

/** The same with a pause now and then, so that who writes is held up again and again. */
async function readSlowly(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    if (chunks.push(chunk) % 64 === 0) await sleep(5);
  }
  return Buffer.concat(chunks);
}

test("a forwarded connection brings each byte as it was, however slow both of its readers are", async () => {
  const [down, up] = [randomBytes(muchBytes), randomBytes(muchBytes)];
  const arrived = deferred<Buffer>();
  let client: Socket | undefined;
  fake.onConnect(7, async (stream) => {
    stream.write(down);
    stream.end();
    await standsStill("what goes up", () => client?.bytesWritten ?? 0);
    arrived.resolve(await readSlowly(stream));
  });
  client = dial();
  client.write(up);
  client.end();
  await standsStill("what comes down", () => client?.bytesRead ?? 0);
  const received = await readSlowly(client);
  expect([received.length, received.equals(down)]).toEqual([muchBytes, true]);
  expect((await arrived.promise).equals(up)).toBe(true);
  expect(errors).toEqual([]);
});

test("an answer in small pieces is not held back, as it is by a listener that waits for the client's word", async () => {
  const answer = async (stream: Duplex) => {
    for (let round = 0; round < 20; round++) {
      await receive(stream, 1);
      await writeInPieces(stream);
    }
  };
  const ask = async (port: number) => {
    const client = connectTcp({ port, host: "127.0.0.1", noDelay: true });
    for (let round = 0; round < 20; round++) {
      client.write("?");
      await receive(client, 8);
    }
    client.destroy();
  };
  fake.onConnect(7, answer);
  const waiting = createServer((socket) => void answer(socket)).listen(0, "127.0.0.1");
  await once(waiting, "listening");
  const { port } = waiting.address() as AddressInfo;
  const [byForward, direct] = [ask(forward.port), ask(port)];
  expect(await Promise.race([byForward.then(() => "forward"), direct.then(() => "waiting listener")])).toBe(
    "forward",
  );
  await Promise.all([byForward, direct]);
  waiting.close();
});

test("a connection that nobody reads holds up itself alone, and ends with the listener", async () => {
  let sent = 0;
  fake.onConnect(7, async (stream) => {
    for (stream.on("error", () => {}); !stream.destroyed; sent += 1) {
      if (!stream.write(Buffer.alloc(65_536))) await once(stream, "drain").catch(() => {});
    }
  });
  const unread = dial().pause();
  await standsStill("what is sent", () => sent);
  await using other = await pod.forward(8);
  fake.onConnect(8, async (stream) => pipeline(stream, stream));
  const echo = connectTcp({ port: other.port, host: "127.0.0.1", allowHalfOpen: true });
  echo.end("there and back");
  expect(await read(echo)).toBe("there and back");
  await forward.close();
  unread.resume();
  await once(unread, "end");
});

test("each half of a forwarded connection ends by itself", async () => {
  fake.onConnect(7, async (stream) => void stream.end(`heard ${await read(stream)}`));
  const asking = dial();
  asking.end("it");
  expect(await read(asking)).toBe("heard it");
  const heard = deferred<string>();
  fake.onConnect(7, async (stream) => {
    stream.end("first");
    heard.resolve(await read(stream));
  });
  const told = dial();
  expect(await read(told)).toBe("first");
  told.end("afterwards");
  expect(await heard.promise).toBe("afterwards");
  expect(errors).toEqual([]);
});

test("a port that nobody listens at is told in the runtime's words", async () => {
  const refused = dial();
  expect(await once(refused, "error")).toMatchObject([{ code: "ECONNRESET" }]);
  await until("it is told", () => errors.length === 1);
  expect(String(errors[0])).toMatch(/Port 7 of the pod: .*refused/);
});

test("a connection that is lost on its way is reset: what came of it must not look whole", async () => {
  const lost = deferred<void>();
  fake.onConnect(7, async (stream) => {
    stream.write("the first half");
    await lost.promise;
    throw new Error("Lost");
  });
  const cut = dial();
  const [words] = await once(cut, "data");
  expect(String(words)).toBe("the first half");
  const failed = once(cut, "error");
  cut.once("end", () => cut.destroy(new Error("It has ended as if all had come")));
  lost.resolve();
  expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
  await until("it is told", () => errors.length === 1);
  expect(String(errors[0])).toMatch(/Port 7 of the pod: Lost/);
});

test("a client that breaks off before its connection stands harms no other", async () => {
  fake.onConnect(7, async (stream) => pipeline(stream, stream));
  const [asked, held] = [deferred<void>(), deferred<void>()];
  fake.onCall("portForward", async (_request, { next }) => {
    asked.resolve();
    await held.promise;
    return next();
  });
  const gone = dial();
  await asked.promise;
  gone.resetAndDestroy();
  await once(gone, "close");
  held.resolve();
  await until("that is told", () => errors.length === 1);
  const next = dial();
  next.end("here");
  expect(await read(next)).toBe("here");
});

test("a signal that aborts while the listener begins leaves none", async () => {
  const enough = new AbortController();
  const beginning = pod.forward(7, { signal: enough.signal });
  enough.abort(new Error("enough"));
  await expect(beginning).rejects.toThrow("enough");
});
