import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { PassThrough, type Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";

import { SessionOpener } from "../../src/sessions/open-session.js";
import {
  allChannels,
  execRequest,
  type LocalRuntime,
  startLocalRuntime,
} from "../streaming/support/local-runtime.js";

const numbers = 2_000_000;
const said = `${Array.from({ length: numbers }, (_, index) => index + 1).join("\n")}\n`;

let runtime: LocalRuntime;

beforeEach(async () => {
  runtime = await startLocalRuntime();
});

afterEach(() => runtime[Symbol.asyncDispose]());

/** By a socket, at whose other end is `read`. */
async function bySocket(output: Readable, read: (far: Readable) => Promise<Buffer>): Promise<Buffer> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  const writer = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [far] = await accepted;
  listener.close();
  const [all] = await Promise.all([read(far), pipeline(output, writer)]);
  return all;
}

async function slowly(far: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of far) if (chunks.push(chunk) % 50 === 0) await sleep(5);
  return Buffer.concat(chunks);
}

/** Chunks are kept, from one of many on. */
async function byListener(output: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  output.on("data", (chunk) => chunks.push(chunk));
  await once(output, "end");
  return Buffer.concat(chunks);
}

/** Now a socket has it alone, now somebody who keeps it as well. */
async function byTurns(output: Readable): Promise<Buffer> {
  const kept: { chunk: Buffer; was: Buffer }[] = [];
  const keep = (chunk: Buffer) => kept.push({ chunk, was: Buffer.from(chunk) });
  const all = await bySocket(output, async (far) => {
    const chunks: Buffer[] = [];
    for await (const chunk of far) if (chunks.push(chunk) % 3 === 0) output.once("data", keep);
    return Buffer.concat(chunks);
  });
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.every(({ chunk, was }) => chunk.equals(was))).toBe(true);
  return all;
}

it.each<[string, (output: Readable) => Promise<Buffer>]>([
  ["a loop", (output) => buffer(output)],
  ["a listener that keeps it", byListener],
  ["a socket", (output) => bySocket(output, buffer)],
  ["a socket whose other end is slow", (output) => bySocket(output, slowly)],
  ["a socket beside listeners that come and go", byTurns],
  ["a stream of somebody's", (output) => buffer(output.pipe(new PassThrough()))],
])("all that a command says comes as it said it, to %s", async (_who, read) => {
  const request = execRequest(["sh", "-c", `seq ${numbers}; seq ${numbers} >&2`]);
  const opener = new SessionOpener({ transport: "spdy" });
  const session = await opener.open(allChannels, async () => runtime.server.execUrl(request));
  session.stdin.end();
  const [out, err] = await Promise.all([read(session.stdout), byListener(session.stderr)]);
  expect(out.equals(Buffer.from(said))).toBe(true);
  expect(err.equals(Buffer.from(said))).toBe(true);
  expect(await session.exited).toEqual({ exitCode: 0 });
});
