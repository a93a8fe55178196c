// gRPC's health service on port 7000. It serves from the line "serve" on; the service "unknown" it does not know.
import { createServer } from "node:http2";
import { createInterface } from "node:readline";

let serving = 2;
createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "serve") serving = 1;
});
const server = createServer().on("stream", (stream, headers) => {
  const chunks = [];
  stream
    .on("error", () => {})
    .on("data", (chunk) => chunks.push(chunk))
    .on("end", () => {
      const service = Buffer.concat(chunks).subarray(7).toString();
      const isCheck = headers[":path"] === "/grpc.health.v1.Health/Check";
      const status = !isCheck ? "12" : service === "unknown" ? "5" : "0";
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () =>
        stream.sendTrailers({ "grpc-status": status, "grpc-message": service }),
      );
      stream.end(status === "0" ? Buffer.from([0, 0, 0, 0, 2, 0x08, serving]) : undefined);
    });
});
server.listen(Number(process.argv[2] ?? 7000), process.argv[3] ?? "::", () =>
  console.log(server.address().port),
);
