import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { forwardPort } from "../../../../src/runtime/adapters/netns/forward-port.js";

test("tells the end of what a server sends while the client still holds its side open", async () => {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const [input, output] = [new PassThrough(), new PassThrough()];
  try {
    const { port } = server.address() as AddressInfo;
    const done = forwardPort(undefined, port, Duplex.from({ readable: input, writable: output }));
    expect(await text(output)).toBe("hello");
    input.end();
    await done;
  } finally {
    server.close();
  }
});
