import * as diagnosticsChannel from "node:diagnostics_channel";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { diagnosticsChannels, type RetryDiagnostics } from "../../src/diagnostics/channels.js";
import { InvalidArgumentError, NotRunningError, UnavailableError } from "../../src/errors.js";
import { connect } from "../../src/index.js";
import { ImageService, RuntimeService } from "../../src/proto.js";
import { imageReadOnly, runtimeReadOnly } from "../../src/services/read-only.js";
import { createRuntimeClient, type RuntimeClient } from "../../src/services/runtime-client.js";
import { startFakeRuntime } from "../../src/testing/index.js";
import { holdClock } from "../support/held-clock.js";
import { ownTransport } from "../transport/support/subjects.js";
import { serveRuntime } from "./support.js";

/** Serves an RPC that is unavailable so many times, and counts the calls. */
function unavailable(times: number) {
  const state = { calls: 0 };
  const answer = () => {
    if (++state.calls <= times) throw new ConnectError("not yet", Code.Unavailable);
    return {};
  };
  return { state, answer };
}

test("a read that finds the runtime unavailable is tried again until it is answered", async () => {
  const { state, answer } = unavailable(2);
  await using server = await serveRuntime({ listContainers: answer });
  await createRuntimeClient(ownTransport.open(server.path)).listContainers({});
  expect(state.calls).toBe(3);
});

test("the error after the last try tells how many there were", async () => {
  const { state, answer } = unavailable(9);
  await using server = await serveRuntime({ containerStatus: answer });
  const client = createRuntimeClient(ownTransport.open(server.path));
  const error = await client.containerStatus({}, { retries: 2 }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UnavailableError);
  expect(error).toMatchObject({ tries: 3, message: "ContainerStatus: not yet" });
  expect(state.calls).toBe(3);
});

test("a stream is tried again before its first message, and not after it", async () => {
  const { state, answer } = unavailable(2);
  await using server = await serveRuntime({
    async *streamContainers() {
      answer();
      yield { containers: [{ id: "a" }] };
      if (state.calls === 3) throw new ConnectError("in the middle", Code.Unavailable);
    },
  });
  const client = createRuntimeClient(ownTransport.open(server.path));
  const seen: string[] = [];
  const read = async () => {
    for await (const { containers } of client.streamContainers({}))
      seen.push(...containers.map(({ id }) => id));
  };
  await expect(read()).rejects.toThrow("in the middle");
  expect(seen).toEqual(["a"]);
  expect(state.calls).toBe(3);
  await read();
  expect(state.calls).toBe(4);
});

const changing = [
  ...Object.keys(runtimeReadOnly).filter((rpc) => !runtimeReadOnly[rpc as keyof typeof runtimeReadOnly]),
];

test.each(changing)("%s is sent once, whatever becomes of it", async (rpc) => {
  const { state, answer } = unavailable(9);
  const streams = RuntimeService.methods.find(({ localName }) => localName === rpc)?.methodKind !== "unary";
  async function* stream() {
    yield answer();
  }
  const handler = streams ? stream : answer;
  await using server = await serveRuntime({ [rpc]: handler });
  const client: Record<string, (request: object, options: object) => unknown> = createRuntimeClient(
    ownTransport.open(server.path),
    { retries: 5 },
  ) as RuntimeClient & Record<string, never>;
  const call = client[rpc]?.({}, { retries: 5 });
  const ended = streams ? (call as AsyncIterable<unknown>)[Symbol.asyncIterator]().next() : call;
  await expect(ended).rejects.toMatchObject({ code: "unavailable", tries: 1 });
  expect(state.calls).toBe(1);
});

test("every RPC of the contract is in the table, and what reads by its name reads", () => {
  const names = (service: typeof RuntimeService | typeof ImageService) => Object.keys(service.method).sort();
  expect(Object.keys(runtimeReadOnly).sort()).toEqual(names(RuntimeService));
  expect(Object.keys(imageReadOnly).sort()).toEqual(names(ImageService));
  for (const [rpc, reads] of Object.entries({ ...runtimeReadOnly, ...imageReadOnly })) {
    expect([rpc, reads]).toEqual([
      rpc,
      /^(list|stream|version)|(?<!^reopen.*)(tatus|Stats|Info|^runtimeConfig)$/.test(rpc),
    ]);
  }
});

test("no answer but `unavailable` is asked for again", async () => {
  const calls: Code[] = [];
  const codes = [Code.Internal, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Aborted, Code.Unknown];
  await using server = await serveRuntime({
    version() {
      const code = codes[calls.length] ?? Code.Internal;
      calls.push(code);
      throw new ConnectError("no", code);
    },
  });
  const client = createRuntimeClient(ownTransport.open(server.path));
  for (const _ of codes) await client.version({}).catch(() => {});
  expect(calls).toEqual(codes);
});

test("an abort ends the pause between two tries with its own reason", async () => {
  const { state, answer } = unavailable(Number.POSITIVE_INFINITY);
  const controller = new AbortController();
  const reason = new Error("enough");
  await using server = await serveRuntime({
    version() {
      if (state.calls === 1) queueMicrotask(() => controller.abort(reason));
      return answer();
    },
  });
  const client = createRuntimeClient(ownTransport.open(server.path));
  await expect(client.version({}, { signal: controller.signal, retries: 1000 })).rejects.toBe(reason);
  expect(state.calls).toBeLessThanOrEqual(2);
});

test("the deadline is that of all tries together", async () => {
  const { answer } = unavailable(Number.POSITIVE_INFINITY);
  await using server = await serveRuntime({ version: answer });
  const client = createRuntimeClient(ownTransport.open(server.path));
  using clock = holdClock();
  const pauses: number[] = [];
  const onPause = (retry: unknown) => {
    const { delayMs } = retry as RetryDiagnostics;
    pauses.push(delayMs);
    // Once it has begun.
    setImmediate(() => void clock.pass(Math.ceil(delayMs)));
  };
  diagnosticsChannel.subscribe(diagnosticsChannels.retry, onPause);
  try {
    const error = await client.version({}, { timeoutMs: 300, retries: 1000 }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "unavailable", tries: pauses.length + 1 });
  } finally {
    diagnosticsChannel.unsubscribe(diagnosticsChannels.retry, onPause);
  }
  expect(pauses.length).toBeGreaterThan(0);
  expect(pauses.reduce((sum, delayMs) => sum + delayMs)).toBeLessThan(300);
});

test("refuses a number of retries that is none", async () => {
  await using server = await serveRuntime({ version: () => ({}) });
  const connection = ownTransport.open(server.path);
  for (const retries of [-1, 0.5, Number.NaN]) {
    await expect(createRuntimeClient(connection).version({}, { retries })).rejects.toThrow(
      InvalidArgumentError,
    );
    expect(() => createRuntimeClient(connection, { retries })).toThrow("Option retries");
  }
});

test("connecting to a socket that is not there fails at once", async () => {
  const fake = await startFakeRuntime();
  await fake[Symbol.asyncDispose]();
  const error = await connect(fake.endpoint).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(NotRunningError);
  expect(error.tries).toBe(1);
});

test("a client that has been connected bears a runtime that is away for a moment, unless told not to", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint, { retries: 20 });
  await using impatient = await connect(fake.endpoint, { retries: 0 });
  const waiting: Promise<unknown>[] = [];
  await fake.restart(async () => {
    waiting.push(cri.pods.list(), cri.runtime.status({}));
    const error = await impatient.pods.list().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.tries).toBe(1);
  });
  const [pods] = await Promise.all(waiting);
  expect(pods).toEqual([]);
});

test("a list that breaks in the middle is read again, and none of it is told twice", async () => {
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  const made = await Promise.all(
    Array.from({ length: 3 }, (_, index) => cri.pods.run({ metadata: { name: `pod-${index}` } })),
  );
  fake.fault("streamPodSandboxes", { at: 1, cut: true });
  const pods = await cri.pods.list();
  expect(pods.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
  expect(fake.calls.filter(({ rpc }) => rpc === "streamPodSandboxes")).toHaveLength(2);
  // What came may be nothing that was asked for.
  fake.fault("streamPodSandboxes", { at: 1, cut: true });
  expect(await cri.pods.list({ name: "other" })).toEqual([]);
  for (const pod of made) await pod[Symbol.asyncDispose]();
});
