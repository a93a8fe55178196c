import { create, fromJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/errors.js";
import { connect } from "../../src/index.js";
import { parseLogRecord } from "../../src/logs/format.js";
import { toLogLine } from "../../src/logs/log-line.js";
import { messageToJson } from "../../src/messages/index.js";
import {
  ContainerConfigSchema,
  ContainerState,
  ContainerStatusResponseSchema,
  ListContainersResponseSchema,
} from "../../src/proto.js";
import { startFakeRuntime } from "../../src/testing/index.js";

test("a message becomes protobuf's JSON and comes back from it, 64-bit numbers and bytes whole", () => {
  const message = create(ContainerStatusResponseSchema, {
    status: { id: "c", state: ContainerState.CONTAINER_RUNNING, createdAt: 1n << 62n },
  });
  const json = messageToJson(message);
  expect(json).toEqual({
    status: { id: "c", state: "CONTAINER_RUNNING", createdAt: "4611686018427387904" },
  });
  expect(fromJson(ContainerStatusResponseSchema, JSON.parse(JSON.stringify(json)))).toEqual(message);
  const config = create(ContainerConfigSchema, { envs: [{ key: "A", value: Buffer.from("b") }] });
  expect(messageToJson(config)).toEqual({ envs: [{ key: "A", value: "Yg==" }] });
});

test("a nested message can be given as well, a plain object cannot", () => {
  const { containers } = create(ListContainersResponseSchema, { containers: [{ id: "c", createdAt: 1n }] });
  expect(containers.map(messageToJson)).toEqual([{ id: "c", createdAt: "1" }]);
  expect(() => messageToJson({} as never)).toThrow(InvalidArgumentError);
  expect(() => messageToJson({} as never)).toThrow("create()");
});

test("a log line has its nanoseconds in JSON as text", () => {
  const bytes = Buffer.from("2024-01-02T03:04:05.123456789Z stdout F hello");
  const record = parseLogRecord(bytes, 0, bytes.length);
  if (!record) throw new Error("not parsed");
  expect(JSON.parse(JSON.stringify(toLogLine(record)))).toEqual({
    time: "2024-01-02T03:04:05.123Z",
    timeNs: "1704164645123456789",
    stream: "stdout",
    text: "hello",
    partial: false,
    gapBefore: false,
  });
});

test("whatever handles tell goes through JSON.stringify, without the message beside it", async () => {
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  await using pod = await cri.pods.run({ metadata: { name: "demo" } });
  await using container = await pod.runContainer({ metadata: { name: "web" }, image: { image: "app:test" } });
  const told = {
    pods: await cri.pods.list(),
    pod: await pod.status({ verbose: true }),
    containers: await cri.containers.list(),
    container: await container.status({ verbose: true }),
    images: await cri.images.list(),
    usage: await cri.images.fsInfo(),
    info: await cri.info({ verbose: true }),
    version: cri.version,
    config: await cri.runtimeConfig(),
    stats: [await pod.stats(), await container.stats()],
    metrics: await cri.metrics(),
  };
  const json = JSON.parse(JSON.stringify(told));
  expect(json.containers[0]).toMatchObject({ id: container.id, listed: { state: "running" } });
  expect(new Date(json.container.createdAt)).toEqual(told.container.createdAt);
  expect(JSON.stringify(json)).not.toContain('$typeName":"runtime.v1.Container');
  expect(Object.keys(json.container)).not.toContain("raw");
  expect(told.container.raw.status?.createdAt).toBeTypeOf("bigint");
  for await (const change of cri.watch()) {
    JSON.stringify(change);
    if (change.type === "synced") break;
  }
  expect(structuredClone(told.container)).toEqual(told.container);
});
