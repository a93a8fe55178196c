import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VersionResponseSchema } from "../../src/proto.js";
import { createRuntimeClient } from "../../src/services/runtime-client.js";
import { flag, frame, goaway, headers, settings } from "../wire/http2/support.js";
import { answer, envelope, serveRaw, temporaryDirectory } from "./support/raw-server.js";
import { ownTransport } from "./support/subjects.js";

/** Calls a runtime that answers the first bytes of each connection with these, and gives the error. */
async function callTo(answer: Buffer): Promise<unknown> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "runtime.sock");
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    socket.once("data", () => socket.write(answer));
  }).listen(path);
  await once(server, "listening");
  const connection = ownTransport.open(path);
  try {
    return await createRuntimeClient(connection, { retries: 0 })
      .version({})
      .catch((error) => error);
  } finally {
    connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

test("a runtime that breaks HTTP/2 fails the call as unavailable, and the error says what it did", async () => {
  const ping = frame(6, 0, 0, "short");
  expect(await callTo(Buffer.concat([settings(), ping]))).toMatchObject({
    code: "unavailable",
    message: "Version: The runtime has broken HTTP/2: A frame of 5 bytes ought to have 8 (FRAME_SIZE_ERROR)",
  });
});

test.each([
  ["goes away, in its last answer,", [goaway(1, 0)]],
  ["stays", []],
])("what a runtime that %s breaks in an answer is told to the call", async (_what, before) => {
  const malformed = headers(1, { ":status": "200", Upper: "x" }, flag.end);
  expect(await callTo(Buffer.concat([settings(), ...before, malformed]))).toMatchObject({
    code: "internal",
    message: "Version: The answer has a malformed header",
  });
});

test("a header that no web Headers can hold fails its call, and its program goes on", async () => {
  const fields = { ":status": "200", "content-type": "application/grpc", "grpc-status": "5" };
  const refused = headers(1, { ...fields, "x-two": "a\nb" }, flag.end);
  expect(await callTo(Buffer.concat([settings(), refused]))).toMatchObject({ code: "internal" });
});

test("a connection to a runtime that hangs up at once can be closed", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "runtime.sock");
  const server = createServer((socket) => socket.destroy()).listen(path);
  await once(server, "listening");
  const connection = ownTransport.open(path);
  const call = createRuntimeClient(connection, { retries: 0 }).version({});
  await expect(call).rejects.toMatchObject({ code: "unavailable" });
  connection.close();
  await connection.closed;
  server.close();
});

test("what does not speak HTTP/2 is said not to", async () => {
  expect(await callTo(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"))).toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(
      /^Version: The connection to .* could not be made: What listens there does not speak HTTP\/2/,
    ),
  });
});

test("a header field of HTTP/1's connections is refused, and other calls go on", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "runtime.sock");
  const body = [envelope(VersionResponseSchema, { runtimeName: "test" })];
  await using server = await serveRaw(path, (stream) => answer(stream, { body }));
  const connection = ownTransport.open(path);
  const client = createRuntimeClient(connection, { retries: 0 });
  const headers = { "transfer-encoding": "chunked" };
  await expect(client.version({}, { headers })).rejects.toMatchObject({
    code: "internal",
    message: expect.stringContaining("transfer-encoding"),
  });
  await expect(client.version({})).resolves.toMatchObject({ runtimeName: "test" });
  expect(server.streams).toHaveLength(1);
  connection.close();
});
