import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";

import { SessionOpener, type StreamingOptions } from "../../src/sessions/open-session.js";
import { switchProtocols } from "../../src/streaming/answer.js";
import { printStatus } from "../../src/wire/channels.js";
import { SpdyConnection } from "../../src/wire/spdy/connection.js";
import type { SpdyStream } from "../../src/wire/spdy/stream.js";
import { authority, serverCertificate } from "../runtime/image/support/certificates.js";

const cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

type Serve = (streams: Map<string, SpdyStream>, connection: SpdyConnection, socket: Duplex) => void;

/** A server that opens every session and then does as it is told, once its four streams are there. */
async function serveSpdy(serve: Serve, tls?: { cert: Buffer; key: Buffer }): Promise<string> {
  const server = tls ? createHttpsServer(tls) : createServer();
  server.on("upgrade", (_request, socket, head) => {
    switchProtocols(socket, { upgrade: "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io" });
    const streams = new Map<string, SpdyStream>();
    const connection = new SpdyConnection(socket, head, {
      role: "server",
      onStream(stream) {
        stream.on("error", () => {});
        streams.set(stream.headers.streamtype ?? "", stream);
        if (streams.size === 4) serve(streams, connection, socket);
      },
    });
    cleanUp.push(() => connection.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}/exec/x`;
}

const channels = { stdin: true, stdout: true, stderr: true, tty: false };
const open = (url: string, options?: StreamingOptions) =>
  new SessionOpener(options).open(channels, async () => url);

describe("a session whose server", () => {
  it("never tells the status ends in bounded time, with its output", async () => {
    const url = await serveSpdy((streams) => {
      streams.get("stdout")?.end("all of it");
      streams.get("stderr")?.end();
    });
    const session = await open(url);
    expect(await text(session.stdout)).toBe("all of it");
    session.stderr.resume();
    await expect(session.exited).rejects.toThrow(/no exit code came within 10000 ms/);
  });

  it("goes in the middle fails as unavailable, and so do its streams", async () => {
    const url = await serveSpdy((streams, _connection, socket) => {
      streams.get("stdout")?.write("half", () => socket.destroy());
    });
    const session = await open(url);
    await expect(text(session.stdout)).rejects.toMatchObject({ code: "unavailable" });
    await expect(session.exited).rejects.toMatchObject({ code: "unavailable" });
  });

  it("resets its status stream instead of ending it, as containerd does, gives the exit code", async () => {
    const url = await serveSpdy((streams, connection) => {
      streams.get("stdout")?.end("out");
      streams.get("stderr")?.end();
      const status = streams.get("error");
      status?.write(printStatus({ kind: "exit", exitCode: 42 }), () => {
        status.destroy();
        connection.close();
      });
    });
    const session = await open(url);
    session.stderr.resume();
    expect([await text(session.stdout), (await session.exited).exitCode]).toEqual(["out", 42]);
  });

  it("speaks nonsense fails with a typed error", async () => {
    const url = await serveSpdy((_streams, _connection, socket) => {
      socket.write(Buffer.from("8009ffffffffffff", "hex"));
    });
    const session = await open(url);
    await expect(session.exited).rejects.toThrow(/SPDY/);
  });

  it("is not there is unavailable, naming the place and not the secret", async () => {
    const refused = open("http://127.0.0.1:1/exec/secret");
    await expect(refused).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/127\.0\.0\.1:1 .*hostNetwork/),
    });
    await expect(open("http://127.0.0.1:1/exec/secret")).rejects.not.toThrow(/secret/);
  });
});

describe("a session by https", () => {
  it("is opened with the authority that was given, and not without", async () => {
    const directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
    cleanUp.push(() => rm(directory, { recursive: true, force: true }));
    const ca = await authority(directory, "authority");
    const files = await serverCertificate(directory, "127.0.0.1", ca);
    const [cert, key] = await Promise.all([readFile(files.certificate), readFile(files.key)]);
    const url = await serveSpdy(
      (streams, connection) => {
        streams.get("stdout")?.end("safe");
        streams.get("stderr")?.end();
        streams.get("error")?.end(printStatus({ kind: "exit", exitCode: 0 }), () => connection.close());
      },
      { cert, key },
    );
    await expect(open(url)).rejects.toMatchObject({ code: "unavailable" });
    const session = await open(url, { tls: { ca: await readFile(ca.certificate) } });
    session.stderr.resume();
    expect([await text(session.stdout), (await session.exited).exitCode]).toEqual(["safe", 0]);
  });
});
