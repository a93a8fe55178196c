import { text } from "node:stream/consumers";
import { type Container, type CriClient, CriError, connect, type OwnedPod } from "crikit";
import { busyboxImage, type Registry, serveRegistry } from "crikit/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leftOut, newerContainerdDirectory } from "../left-out.js";
import { type Containerd, startContainerd } from "../support/containerd.js";
import { until } from "../support/until.js";

describe("containerd", () => sessions());

describe.skipIf(leftOut.newerContainerd)("the newest containerd", () => sessions(newerContainerdDirectory));

function sessions(programs?: string): void {
  let containerd: Containerd;
  let registry: Registry;
  let cri: CriClient;
  let pod: OwnedPod;
  let container: Container;

  beforeAll(async () => {
    containerd = await startContainerd(programs);
    registry = await serveRegistry([{ ref: "demo/busybox:1", ...(await busyboxImage()) }]);
    cri = await connect(containerd.endpoint, { logRoot: containerd.directory });
    const image = { image: registry.ref("demo/busybox:1") };
    await cri.images.pull(image.image);
    pod = await cri.pods.run({ metadata: { name: "streaming" } });
    const command = ["sh", "-c", "mkdir /www; echo page > /www/index.html; httpd -f -p 80 -h /www"];
    container = await pod.runContainer({ metadata: { name: "main" }, image, command });
  });

  afterAll(async () => {
    await pod?.[Symbol.asyncDispose]();
    await cri?.[Symbol.asyncDispose]();
    await registry?.close();
    await containerd?.[Symbol.asyncDispose]();
  });

  async function by(transport: "spdy" | "websocket", body: (container: Container) => Promise<void>) {
    await using client = await connect(containerd.endpoint, { streaming: { transport } });
    await body(client.containers.get(container.id));
  }

  it("is spoken to by WebSocket v4, as it knows no v5: outputs apart, and the exit code", async () => {
    await by("websocket", async (container) => {
      const session = await container.spawn(["sh", "-c", "echo out; echo err >&2; exit 3"]);
      const outputs = await Promise.all([text(session.stdout), text(session.stderr)]);
      expect([...outputs, (await session.exited).exitCode]).toEqual(["out\n", "err\n", 3]);
    });
  });

  it("cannot be told the end of an input by WebSocket, and that is an error and no hang", async () => {
    await by("websocket", async (container) => {
      const session = await container.spawn(["cat"], { stdin: true });
      session.stdin.on("error", () => {});
      session.stdin.end("in");
      await expect(session.exited).rejects.toMatchObject({ code: "unsupported" });
    });
  });

  it.each(["spdy", "websocket"] as const)(
    "loses nothing of short commands on a terminal by %s, twenty times",
    async (transport) => {
      await by(transport, async (container) => {
        for (let round = 0; round < 20; round += 1) {
          const session = await container.spawn(["echo", "short"], { tty: true });
          expect([await text(session.stdout), (await session.exited).exitCode]).toEqual(["short\r\n", 0]);
        }
      });
    },
  );

  it("does not tell how a command ended that left its input unread: unknown, in bounded time", async () => {
    // Not over before its pipe is full: else containerd may get away from the input, and tell.
    const session = await container.spawn(["sh", "-c", "head -c 4; sleep 2; seq 1000"], { stdin: true });
    session.stdin.on("error", () => {});
    session.stdin.end(Buffer.alloc(3_000_000, "x"));
    session.stderr.resume();
    expect((await text(session.stdout)).endsWith("\n999\n1000\n")).toBe(true);
    await expect(session.exited).rejects.toThrow(/no exit code came/);
  });

  it("lets a port that refuses take no later connection with it", async () => {
    await until("the page is served", async () => {
      return (await container.exec(["wget", "-qO-", "http://127.0.0.1/"])).exitCode === 0;
    });
    for (let round = 0; round < 12; round += 1) {
      const refused = await pod.connect(81);
      refused.on("error", () => {});
      refused.end(Buffer.alloc(200_000));
      await expect(text(refused)).rejects.toThrow(/refused/);
      const served = await pod.connect(80);
      served.end("GET / HTTP/1.0\r\n\r\n");
      expect(await text(served)).toContain("page");
    }
  });

  it("refuses to attach to a container that has ended", async () => {
    const image = { image: registry.ref("demo/busybox:1") };
    await using ended = await pod.runContainer({ metadata: { name: "ended" }, image, command: ["true"] });
    await ended.wait();
    await expect(ended.attach()).rejects.toBeInstanceOf(CriError);
  });
}
