import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import {
  type ConnectionDiagnostics,
  connect,
  diagnosticsChannels,
  type LogDiagnostics,
  type OperationDiagnostics,
  type RetryDiagnostics,
  type RpcDiagnostics,
  type SessionDiagnostics,
} from "crikit";
import { startFakeRuntime } from "crikit/testing";
import { afterEach, expect, test } from "vitest";
import { until } from "../support/until.js";

const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
});

type Phase = "start" | "end" | "asyncStart" | "asyncEnd" | "error";

/** Every event of a tracing channel, in order, with its payload. */
function listen<Payload extends OperationDiagnostics>(name: string): { phase: Phase; payload: Payload }[] {
  const events: { phase: Phase; payload: Payload }[] = [];
  const hear = (phase: Phase) => (payload: object) =>
    void events.push({ phase, payload: payload as Payload });
  const subscribers = {
    start: hear("start"),
    end: hear("end"),
    asyncStart: hear("asyncStart"),
    asyncEnd: hear("asyncEnd"),
    error: hear("error"),
  };
  const channel = tracingChannel(name);
  channel.subscribe(subscribers);
  undo.push(() => void channel.unsubscribe(subscribers));
  return events;
}

function hear<Payload>(name: string): Payload[] {
  const events: Payload[] = [];
  const listener = (payload: unknown) => void events.push(payload as Payload);
  subscribe(name, listener);
  undo.push(() => void unsubscribe(name, listener));
  return events;
}

const phases = (events: readonly { phase: Phase }[]) => events.map(({ phase }) => phase);

test("a call is told from its start to its end, by one object", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint);
  const events = listen<RpcDiagnostics>(diagnosticsChannels.rpc);
  await cri.runtime.podSandboxStatus({ podSandboxId: "none" }).catch(() => {});
  await cri.runtime.listContainers({ filter: { id: "c" } }, { timeoutMs: 5_000 });
  expect(phases(events)).toEqual([
    ...["start", "end", "error", "asyncStart", "asyncEnd"],
    ...["start", "end", "asyncStart", "asyncEnd"],
  ]);
  const [failed, listed] = [events[0]?.payload, events[5]?.payload];
  expect(failed).toMatchObject({ rpc: "PodSandboxStatus", error: { code: "not_found" }, messages: 0 });
  expect(listed).toMatchObject({
    rpc: "ListContainers",
    service: "runtime.v1.RuntimeService",
    endpoint: fake.endpoint,
    kind: "unary",
    timeoutMs: 5_000,
    request: { filter: { id: "c" } },
    tries: 1,
    messages: 1,
  });
  expect(new Set(events.slice(5).map(({ payload }) => payload)).size).toBe(1);
});

test("a stream lasts until its reader leaves", async () => {
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  await using _pod = await cri.pods.run({ metadata: { name: "demo" } });
  const events = listen<RpcDiagnostics>(diagnosticsChannels.rpc);
  for await (const { podSandboxes } of cri.runtime.streamPodSandboxes({})) {
    expect(podSandboxes).toHaveLength(1);
    expect(phases(events)).toEqual(["start", "end"]);
    break;
  }
  expect(phases(events)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
  expect(events[0]?.payload).toMatchObject({ kind: "stream", messages: 1, error: undefined });
});

test("what never begins is not told, and an abort is told with its reason", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint);
  const events = listen<RpcDiagnostics>(diagnosticsChannels.rpc);
  cri.runtime.getContainerEvents({})[Symbol.asyncIterator]();
  expect(events).toEqual([]);
  const reason = new Error("enough");
  await cri.runtime.version({}, { signal: AbortSignal.abort(reason) }).catch(() => {});
  expect(events.at(-1)).toMatchObject({ phase: "asyncEnd", payload: { error: reason } });
});

test("each retry is told, and the call's payload counts its tries", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint);
  const calls = listen<RpcDiagnostics>(diagnosticsChannels.rpc);
  const retries = hear<RetryDiagnostics>(diagnosticsChannels.retry);
  fake.fault("status", { error: "unavailable" }, { times: 2 });
  await cri.info();
  expect(retries.map(({ rpc, tries }) => [rpc, tries])).toEqual([
    ["Status", 1],
    ["Status", 2],
  ]);
  expect(retries[0]).toMatchObject({ endpoint: fake.endpoint, error: { code: "unavailable" } });
  expect(calls.at(-1)?.payload.tries).toBe(3);
});

test("a session is told with its exit code, and its RPC inside it", async () => {
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  fake.onExec(["greet", "S3cret"], ({ stdout }) => {
    stdout.write("hello");
    return 3;
  });
  fake.onConnect(80, (socket) => void socket.end("bye"));
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  await using pod = await cri.pods.run({ metadata: { name: "demo" } });
  await using web = await pod.runContainer({ metadata: { name: "web" }, image: { image: "app:test" } });
  const events = listen<SessionDiagnostics>(diagnosticsChannels.session);
  const session = await web.spawn(["greet", "S3cret"]);
  expect(phases(events)).toEqual(["start", "end"]);
  for await (const chunk of session.stdout) expect(String(chunk)).toBe("hello");
  await session.exited;
  expect(phases(events)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
  expect(events[0]?.payload).toMatchObject({ kind: "exec", id: web.id, program: "greet", exitCode: 3 });
  expect(JSON.stringify(events)).not.toContain("S3cret");
  const connection = await pod.connect(80);
  for await (const chunk of connection) expect(String(chunk)).toBe("bye");
  connection.destroy();
  await until("the connection's end is told", () => events.length === 8);
  expect(events[4]?.payload).toMatchObject({ kind: "port-forward", id: pod.id, port: 80 });
  expect(events[4]?.payload.error).toBeUndefined();
});

test("a followed log is told with its lines, until its reader leaves or it has ended", async () => {
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  fake.onRun(["talk"], ({ stdout }) => {
    stdout.write("one\ntwo\n");
    return 0;
  });
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  await using pod = await cri.pods.run({ metadata: { name: "demo" } });
  const image = { image: "app:test" };
  await using web = await pod.runContainer({ metadata: { name: "web" }, image, command: ["talk"] });
  const events = listen<LogDiagnostics>(diagnosticsChannels.logs);
  for await (const { text } of web.logs({ follow: true })) {
    expect(text).toBe("one");
    break;
  }
  const read: string[] = [];
  for await (const { text } of web.logs({ follow: true })) read.push(text);
  expect(read).toEqual(["one", "two"]);
  expect(phases(events)).toEqual(Array(2).fill(["start", "end", "asyncStart", "asyncEnd"]).flat());
  expect([events[0]?.payload, events[4]?.payload]).toEqual([
    { endpoint: fake.endpoint, id: web.id, follow: true, lines: 1 },
    { endpoint: fake.endpoint, id: web.id, follow: true, lines: 2 },
  ]);
});

test("connections are told: made, lost, and refused with how long nobody tries again", async () => {
  const fake = await startFakeRuntime();
  const made = hear<ConnectionDiagnostics>(diagnosticsChannels.connect);
  const lost = hear<ConnectionDiagnostics>(diagnosticsChannels.disconnect);
  const refused = hear<ConnectionDiagnostics>(diagnosticsChannels.refused);
  await using cri = await connect(fake.endpoint, { retries: 0 });
  expect(made).toEqual([{ endpoint: fake.endpoint }]);
  await fake[Symbol.asyncDispose]();
  await until("the loss is told", () => lost.length === 1);
  await cri.runtime.version({}).catch(() => {});
  await until("the refusal is told", () => refused.length === 1);
  expect(refused[0]).toMatchObject({ endpoint: fake.endpoint, error: { code: expect.any(Number) } });
  expect(refused[0]?.waitMs).toBeGreaterThan(0);
});
