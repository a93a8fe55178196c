// Serves argv[3] containers, each in a pod of its own, and their events on the socket argv[2]. Each line of its standard
// input, the index of a container, starts that container, or ends it where it runs, tells it to all who wait for events,
// and is answered with the time at which it did, in nanoseconds. Answers for a container's pod are ready before. Ends with
// its standard input.
import { createServer, type ServerHttp2Stream } from "node:http2";
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type Container,
  ContainerEventResponseSchema,
  ContainerEventType,
  ContainerSchema,
  ContainerState,
  ListContainersRequestSchema,
  ListContainersResponseSchema,
  ListPodSandboxRequestSchema,
  ListPodSandboxResponseSchema,
  VersionResponseSchema,
} from "../../src/proto.js";
import { encodeEnvelope } from "../../src/wire/envelope.js";
import { cannedContainers } from "../support/canned-containers.js";
import { untilInputEnds } from "../support/until-input-ends.js";
import { containerStatus, listedPod, podStatus } from "./statuses.js";

const prefixBytes = 5;
const [path = "", count] = process.argv.slice(2);
const containers = cannedContainers(Number(count)).map((init) =>
  create(ContainerSchema, { ...init, state: ContainerState.CONTAINER_CREATED }),
);
const byPod = new Map(containers.map((container) => [container.podSandboxId, container]));
const watchers = new Set<ServerHttp2Stream>();

function envelope<Message extends DescMessage>(schema: Message, init: MessageInitShape<Message>): Uint8Array {
  return encodeEnvelope(toBinary(schema, create(schema, init)));
}

/** All, or that of one pod. */
function containersOf(podId: string | undefined): Container[] {
  return podId ? [byPod.get(podId)].filter((container) => container !== undefined) : containers;
}

/** The answer to a question for the containers of one pod, by its ID. */
const listed = new Map<string, Uint8Array>();

function answerFor(container: Container): void {
  listed.set(container.podSandboxId, envelope(ListContainersResponseSchema, { containers: [container] }));
}

for (const container of containers) answerFor(container);

const answers: Record<string, (request: Uint8Array) => Uint8Array> = {
  Version: () =>
    envelope(VersionResponseSchema, {
      version: "0.1.0",
      runtimeName: "bench",
      runtimeVersion: "1.0.0",
      runtimeApiVersion: "v1",
    }),
  ListContainers: (request) => {
    const { filter } = fromBinary(ListContainersRequestSchema, request);
    const podId = filter?.podSandboxId ?? "";
    return listed.get(podId) ?? envelope(ListContainersResponseSchema, { containers: containersOf(podId) });
  },
  ListPodSandbox: (request) => {
    const { filter } = fromBinary(ListPodSandboxRequestSchema, request);
    return envelope(ListPodSandboxResponseSchema, { items: containersOf(filter?.id).map(listedPod) });
  },
};

/** What can happen to a container, once each: it is started, then it ends. */
function change(container: Container): Uint8Array {
  if (container.state === ContainerState.CONTAINER_EXITED) throw new Error(`${container.id} has ended`);
  const isStart = container.state === ContainerState.CONTAINER_CREATED;
  container.state = isStart ? ContainerState.CONTAINER_RUNNING : ContainerState.CONTAINER_EXITED;
  return envelope(ContainerEventResponseSchema, {
    containerId: container.id,
    containerEventType: isStart
      ? ContainerEventType.CONTAINER_STARTED_EVENT
      : ContainerEventType.CONTAINER_STOPPED_EVENT,
    createdAt: BigInt(Date.now()) * 1_000_000n,
    podSandboxStatus: podStatus(container),
    containersStatuses: [containerStatus(container)],
  });
}

const server = createServer();
server.on("stream", (stream, headers) => {
  const rpc = headers[":path"]?.replace("/runtime.v1.RuntimeService/", "") ?? "";
  const answer = answers[rpc];
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": answer ? "0" : "12" }));
  if (rpc === "GetContainerEvents") {
    watchers.add(stream.on("close", () => watchers.delete(stream)).resume());
    return;
  }
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => stream.end(answer?.(Buffer.concat(chunks).subarray(prefixBytes))));
});
server.listen(path, () => console.log("listening"));

await untilInputEnds(path, (line) => {
  const container = containers[Number(line)];
  if (!container) throw new Error(`No container ${line}`);
  const event = change(container);
  answerFor(container);
  console.log(String(process.hrtime.bigint()));
  for (const stream of watchers) stream.write(event);
});
