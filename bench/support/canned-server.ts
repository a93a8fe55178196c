// Answers Version with the same message each time, both lists of containers with argv[3] of them, and all else with
// an empty message, on the socket argv[2], as cheaply as node:http2 can: what is measured is the client. Ends with its
// standard input.
import { createServer } from "node:http2";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  ContainerSchema,
  ListContainersResponseSchema,
  StreamContainersResponseSchema,
  VersionResponseSchema,
} from "../../src/proto.js";
import { listParts } from "../../src/streaming/list-parts.js";
import { encodeEnvelope } from "../../src/wire/envelope.js";
import { cannedContainers } from "./canned-containers.js";
import { untilInputEnds } from "./until-input-ends.js";

function envelope<Message extends DescMessage>(schema: Message, init: MessageInitShape<Message>): Uint8Array {
  return encodeEnvelope(toBinary(schema, create(schema, init)));
}

const [path = "", count] = process.argv.slice(2);
const containers = cannedContainers(Number(count)).map((init) => create(ContainerSchema, init));
const version = {
  version: "0.1.0",
  runtimeName: "bench",
  runtimeVersion: "1.0.0",
  runtimeApiVersion: "v1",
};
const answers: Record<string, Uint8Array> = {
  Version: envelope(VersionResponseSchema, version),
  ListContainers: envelope(ListContainersResponseSchema, { containers }),
  StreamContainers: Buffer.concat(
    [...listParts(ContainerSchema, containers)].map((part) =>
      envelope(StreamContainersResponseSchema, { containers: part }),
    ),
  ),
};
const empty = encodeEnvelope(new Uint8Array());

const server = createServer();
server.on("stream", (stream, headers) => {
  stream.resume();
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(answers[headers[":path"]?.replace("/runtime.v1.RuntimeService/", "") ?? ""] ?? empty);
});
server.listen(path, () => console.log("listening"));
await untilInputEnds(path);
