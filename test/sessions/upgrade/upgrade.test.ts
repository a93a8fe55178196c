import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { upgrade } from "../../../src/sessions/upgrade/upgrade.js";
import { until } from "../../support/until.js";

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n";

/** With the one of IPv6, where the machine has that. */
const loopbacks = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .flatMap(({ internal, address }) => (internal ? [address] : []));

let server: Server;
let sockets: Socket[];
let heard: string;

beforeEach(() => {
  [sockets, heard] = [[], ""];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on("error", () => {}));
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
  });
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function ask({ host = "127.0.0.1", protocol = "http", signal }: Asked = {}) {
  server.listen(0, host);
  await once(server, "listening");
  const { port, family } = server.address() as AddressInfo;
  const url = new URL(`${protocol}://${family === "IPv6" ? `[${host}]` : host}:${port}/exec/secret?a=b`);
  const headers = { "x-stream-protocol-version": "v4.channel.k8s.io" };
  const opening = upgrade(url, { method: "POST", protocol: "SPDY/3.1", headers, signal });
  // Each test looks at it in the end.
  opening.catch(() => {});
  return { opening, place: url.host };
}

interface Asked {
  host?: string;
  protocol?: string;
  signal?: AbortSignal;
}

describe("a request to change protocols", () => {
  it.each(loopbacks)("says at %s what is asked for and of whom", async (host) => {
    const { opening, place } = await ask({ host });
    await until("it asks", () => heard.endsWith("\r\n\r\n"));
    expect(heard.split("\r\n")).toEqual([
      "POST /exec/secret?a=b HTTP/1.1",
      `host: ${place}`,
      "connection: Upgrade",
      "upgrade: SPDY/3.1",
      "x-stream-protocol-version: v4.channel.k8s.io",
      "content-length: 0",
      "",
      "",
    ]);
    sockets[0]?.write(switching);
    (await opening).socket.destroy();
  });

  it("hands over all that follows the answer", async () => {
    const { opening } = await ask();
    await until("it asks", () => heard.endsWith("\r\n\r\n"));
    sockets[0]?.write(`${switching}first `);
    const { socket, head } = await opening;
    sockets[0]?.end("second");
    let seen = head.toString();
    socket.on("data", (chunk) => {
      seen += chunk;
    });
    socket.resume();
    await once(socket, "end");
    expect(seen).toBe("first second");
  });

  it("is refused in the words of a server that leaves the connection open, and leaves it", async () => {
    const { opening } = await ask();
    await until("it asks", () => heard.endsWith("\r\n\r\n"));
    sockets[0]?.write("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nno\r\n\r");
    await expect(opening).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringMatching(/404, no$/),
    });
    if (sockets[0]?.readable) await once(sockets[0], "end");
  });

  it.each([
    ["hangs up", (socket?: Socket) => socket?.end()],
    ["hangs up in the middle", (socket?: Socket) => socket?.end(switching.slice(0, 50))],
    ["is reset", (socket?: Socket) => socket?.resetAndDestroy()],
    ["answers something else", (socket?: Socket) => socket?.write("SSH-2.0-x\r\n\r\n")],
  ])("is unavailable at a server that %s, without telling the secret", async (_how, answer) => {
    const { opening } = await ask();
    await until("it asks", () => heard.endsWith("\r\n\r\n"));
    answer(sockets[0]);
    await expect(opening).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/127\.0\.0\.1:\d+ cannot be/),
    });
    await expect(opening).rejects.not.toThrow(/secret/);
  });

  it("ends with the connection's end when it is aborted, before and while it waits", async () => {
    const enough = new AbortController();
    const { opening } = await ask({ signal: enough.signal });
    await until("it asks", () => heard.endsWith("\r\n\r\n"));
    enough.abort(new Error("Enough"));
    await expect(opening).rejects.toThrow("Enough");
    if (sockets[0]?.readable) await once(sockets[0], "end");
    const url = new URL("http://127.0.0.1:1/");
    const late = upgrade(url, { method: "GET", protocol: "websocket", headers: {}, signal: enough.signal });
    await expect(late).rejects.toThrow("Enough");
  });

  it("by https tells nothing to a server that is not the right one", async () => {
    const { opening } = await ask({ protocol: "https" });
    await until("it greets", () => heard !== "");
    sockets[0]?.write("HTTP/1.1 200 OK\r\n\r\n");
    await expect(opening).rejects.toMatchObject({ code: "unavailable" });
    expect(heard).not.toMatch(/secret/);
  });
});
