import * as openTelemetry from "@opentelemetry/api";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { connect, createRuntimeClient, openConnection, parseEndpoint } from "crikit";
import { startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serveRuntime } from "../services/support.js";
import { until } from "../support/until.js";
import { recordSpans } from "./support/spans.js";

let recorded: ReturnType<typeof recordSpans>;
beforeEach(() => {
  recorded = recordSpans();
});
afterEach(() => recorded[Symbol.dispose]());

const named = (name: string) => recorded.spans.filter((span) => span.name === name);
const only = (name: string) => {
  const [span, ...more] = named(name);
  if (!span || more.length > 0) throw new Error(`${named(name).length} spans are named ${name}`);
  return span;
};

test("each call has a span by OpenTelemetry's conventions for RPCs, below the active one", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint);
  recorded.clear();
  const parent = trace.getTracer("test").startActiveSpan("parent", (span) => {
    const calls = Promise.all([
      cri.pods.list(),
      cri.runtime.containerStatus({ containerId: "c" }).catch(() => {}),
    ]);
    return calls.then(() => span);
  });
  const { spanId, traceId } = (await parent).spanContext();
  const listed = only("runtime.v1.RuntimeService/StreamPodSandboxes");
  expect(listed.kind).toBe(SpanKind.CLIENT);
  expect(listed.parentSpanContext?.spanId).toBe(spanId);
  expect(listed.spanContext().traceId).toBe(traceId);
  expect(listed.attributes).toEqual({
    "rpc.system": "grpc",
    "rpc.service": "runtime.v1.RuntimeService",
    "rpc.method": "StreamPodSandboxes",
    "rpc.grpc.status_code": 0,
    "network.transport": "unix",
    "server.address": fake.endpoint.replace("unix://", ""),
  });
  expect(listed.status.code).toBe(SpanStatusCode.UNSET);
  const failed = only("runtime.v1.RuntimeService/ContainerStatus");
  expect(failed.attributes).toMatchObject({ "rpc.grpc.status_code": 5, "error.type": "not_found" });
  expect(failed.status.code).toBe(SpanStatusCode.ERROR);
  expect(failed.events.map(({ name }) => name)).toEqual(["exception"]);
});

test("the runtime is told of the span, and what the caller sends stands", async () => {
  const sent: (string | null)[] = [];
  await using server = await serveRuntime({
    version: (_request, { requestHeader }) => {
      sent.push(requestHeader.get("traceparent"));
      return {};
    },
    async *getContainerEvents(_request, { requestHeader }) {
      sent.push(requestHeader.get("traceparent"), requestHeader.get("mine"));
      yield {};
    },
  });
  const connection = openConnection(parseEndpoint(server.path), { openTelemetry });
  const runtime = createRuntimeClient(connection);
  await runtime.version({});
  for await (const _ of runtime.getContainerEvents({}, { headers: { mine: "yes" } }));
  const [unary, stream] = recorded.spans.map((span) => span.spanContext());
  expect(sent).toEqual([
    `00-${unary?.traceId}-${unary?.spanId}-01`,
    `00-${stream?.traceId}-${stream?.spanId}-01`,
    "yes",
  ]);
  const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await runtime.version({}, { headers: { traceparent: own } });
  expect(sent.at(-1)).toBe(own);
  connection.close();
});

test("pulls, streams and sessions have spans that last as long as they do", async () => {
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  fake.onExec(["sh", "-c", "S3cret"], async ({ stdin }) => {
    for await (const _ of stdin);
    return 7;
  });
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  await using pod = await cri.pods.run({ metadata: { name: "demo" } });
  await using web = await pod.runContainer({ metadata: { name: "web" }, image: { image: "app:test" } });
  await cri.images.pull("app:1");
  expect(only("runtime.v1.ImageService/PullImage").ended).toBe(true);
  recorded.clear();
  const session = await web.spawn(["sh", "-c", "S3cret"], { stdin: true });
  expect(named("crikit.exec")).toEqual([]);
  const exec = only("runtime.v1.RuntimeService/Exec");
  session.stdin.end();
  await session.exited;
  await until("the session's span has ended", () => named("crikit.exec").length === 1);
  const span = only("crikit.exec");
  expect(span.attributes).toEqual({
    "container.id": web.id,
    "process.executable.name": "sh",
    "process.exit.code": 7,
  });
  expect(exec.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
  const events = cri.events()[Symbol.asyncIterator]();
  const first = events.next();
  const other = await cri.pods.run({ metadata: { name: "other" } });
  await first;
  expect(named("runtime.v1.RuntimeService/GetContainerEvents")).toEqual([]);
  await events.return?.();
  // Its reader has left: neither an error nor the runtime's answer.
  const stream = only("runtime.v1.RuntimeService/GetContainerEvents");
  expect(stream.status.code).toBe(SpanStatusCode.UNSET);
  expect(stream.attributes).not.toHaveProperty("rpc.grpc.status_code");
  await other[Symbol.asyncDispose]();
});

test("an abort ends the span and is no error, and a retry is an event in it", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint);
  recorded.clear();
  await cri.info({ signal: AbortSignal.abort(new Error("S3cret")) }).catch(() => {});
  const aborted = only("runtime.v1.RuntimeService/Status");
  expect(aborted.status).toEqual({ code: SpanStatusCode.UNSET });
  expect(aborted.attributes["error.type"]).toBe("aborted");
  expect(aborted.events).toEqual([]);
  recorded.clear();
  fake.fault("status", { error: "unavailable" });
  await cri.info();
  expect(only("runtime.v1.RuntimeService/Status").events).toMatchObject([
    { name: "retry", attributes: { "crikit.tries": 1 } },
  ]);
});

test("there are no spans where they are not wanted", async () => {
  await using fake = await startFakeRuntime();
  await using cri = await connect(fake.endpoint, { openTelemetry: false });
  await cri.pods.list();
  expect(recorded.spans).toEqual([]);
});
