// Answers Version with the same message each time, and all else with an empty one, on the socket argv[2], as cheaply
// as node:http2 can: what is measured is the client. Ends with its standard input.
import { createServer } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { VersionResponseSchema } from "../../src/proto.js";
import { encodeEnvelope } from "../../src/transport/envelope.js";

const answer = encodeEnvelope(
  toBinary(
    VersionResponseSchema,
    create(VersionResponseSchema, {
      version: "0.1.0",
      runtimeName: "bench",
      runtimeVersion: "1.0.0",
      runtimeApiVersion: "v1",
    }),
  ),
);
const empty = encodeEnvelope(new Uint8Array());
const server = createServer();
server.on("stream", (stream, headers) => {
  stream.resume();
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(headers[":path"] === "/runtime.v1.RuntimeService/Version" ? answer : empty);
});
server.listen(process.argv[2], () => console.log("listening"));
process.stdin.on("end", () => process.exit()).resume();
