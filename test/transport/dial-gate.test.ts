import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { VersionResponseSchema } from "../../src/proto.js";
import { DialGate } from "../../src/transport/dial-gate.js";
import { outcome, rpcClient } from "./compliance/case.js";
import { answer, envelope, serveRaw, temporaryDirectory } from "./support/raw-server.js";
import { ownTransport } from "./support/subjects.js";

const version = envelope(VersionResponseSchema, { runtimeName: "test" });

/** Hangs up on everybody and counts them. */
async function serveHangUps(path: string): Promise<AsyncDisposable & { dials: number }> {
  const counter = {
    dials: 0,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  const server: Server = createServer((socket) => {
    counter.dials += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return counter;
}

function stoppedClock(): Disposable {
  const now = Math.round(performance.now());
  return vi.spyOn(performance, "now").mockReturnValue(now);
}

describe("the dial gate", () => {
  test("lets calls after a failed dial fail at once with its error, without another dial", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "runtime.sock");
    await using server = await serveHangUps(path);
    const client = rpcClient(ownTransport.open(path));
    // However long the calls take.
    using _clock = stoppedClock();
    const seen = [];
    for (let calls = 0; calls < 5; calls++) seen.push(await outcome(client.version({})));
    expect(seen).toEqual(Array(5).fill("unavailable"));
    expect(server.dials).toBe(1);
  });

  test("dials again when its time is over", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "runtime.sock");
    await using server = await serveHangUps(path);
    const client = rpcClient(ownTransport.open(path));
    await outcome(client.version({}));
    await sleep(110);
    await outcome(client.version({}));
    expect(server.dials).toBe(2);
  });

  test("shares one dial among the calls that wait for it", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "runtime.sock");
    await using server = await serveRaw(path, (stream) => answer(stream, { body: [version] }));
    const client = rpcClient(ownTransport.open(path));
    await Promise.all([client.version({}), client.version({}), client.version({})]);
    expect(server.sessions).toHaveLength(1);
  });

  test("waits twice as long after each failure, and 3 s at most", async () => {
    await using directory = await temporaryDirectory();
    using _clock = stoppedClock();
    const gate = new DialGate(join(directory.path, "absent.sock"));
    const waits: number[] = [];
    for (let failures = 0; failures < 8; failures++) {
      gate.shut(new Error("refused"));
      waits.push(gate.waitMs);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3000, 3000, 3000]);
  });

  test("opens as soon as there is another socket", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "runtime.sock");
    using _clock = stoppedClock();
    const gate = new DialGate(path);
    gate.enter();
    for (let failures = 0; failures < 6; failures++) gate.shut(new Error("absent"));
    expect(() => gate.enter()).toThrow("absent");
    await writeFile(path, "");
    gate.enter();
    gate.shut(new Error("refused"));
    expect(gate.waitMs).toBeLessThanOrEqual(100);
  });

  test("does not stand before a runtime that comes back while calls fail", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "runtime.sock");
    const client = rpcClient(ownTransport.open(path));
    for (let rounds = 0; rounds < 3; rounds++) {
      for (let calls = 0; calls < 10; calls++) expect(await outcome(client.version({}))).toBe("unavailable");
      await using server = await serveRaw(path, (stream) => answer(stream, { body: [version] }));
      expect(await outcome(client.version({}))).toBe("ok");
      await server.kill();
    }
  });
});
