import { describe, expect, test } from "vitest";
import { imageDeadlines, runtimeDeadlines } from "../../src/services/deadlines.js";
import { createRuntimeClient } from "../../src/services/runtime-client.js";
import { answerTrailersOnly, serveRaw, temporaryDirectory } from "../transport/support/raw-server.js";
import { ownTransport } from "../transport/support/subjects.js";

const rules: Record<string, (request: never, baseMs?: number) => number> = {
  ...runtimeDeadlines,
  ...imageDeadlines,
};

/** RPC, its part of the request, its deadline by default and with a base of 1 s. */
const table: [rpc: string, request: { timeout?: bigint }, byDefaultMs: number, withBaseMs: number][] = [
  ["version", {}, 10_000, 1000],
  ["listContainers", {}, 10_000, 1000],
  ["imageStatus", {}, 10_000, 1000],
  ["exec", {}, 10_000, 1000],
  ["createContainer", {}, 120_000, 1000],
  ["removeImage", {}, 120_000, 1000],
  ["runPodSandbox", {}, 240_000, 2000],
  ["stopContainer", {}, 120_000, 1000],
  ["stopContainer", { timeout: 30n }, 150_000, 31_000],
  ["execSync", {}, 0, 0],
  ["execSync", { timeout: 30n }, 150_000, 31_000],
  ["checkpointContainer", {}, 120_000, 1000],
  ["checkpointContainer", { timeout: 30n }, 120_000, 30_000],
  ["checkpointContainer", { timeout: 300n }, 300_000, 300_000],
  ["checkpointPod", {}, 120_000, 1000],
  ["restorePod", {}, 120_000, 1000],
  ["pullImage", {}, 0, 0],
  ["getContainerEvents", {}, 0, 0],
  ["streamPodSandboxes", {}, 0, 0],
  ["streamImages", {}, 0, 0],
];

describe("deadlines", () => {
  test.each(table)(
    "%s with %o has %d ms, and %d ms with a base of 1 s",
    (rpc, request, byDefaultMs, withBaseMs) => {
      expect(rules[rpc]?.(request as never)).toBe(byDefaultMs);
      expect(rules[rpc]?.(request as never, 1000)).toBe(withBaseMs);
    },
  );

  test("a base of 0 means none for every RPC, whatever it adds", () => {
    for (const rule of Object.values(rules)) expect(rule({ timeout: 30n } as never, 0)).toBe(0);
  });

  test("reach the runtime: the RPC's own, that of the client, that of the call", async () => {
    await using directory = await temporaryDirectory();
    await using server = await serveRaw(`${directory.path}/runtime.sock`, (stream) =>
      answerTrailersOnly(stream, { "grpc-status": "5" }),
    );
    const connection = ownTransport.open(server.path);
    const client = createRuntimeClient(connection);
    const impatient = createRuntimeClient(connection, { timeoutMs: 3000 });
    // The time that the dial takes is part of a call's.
    await client.status({}, { timeoutMs: 0 }).catch(() => {});
    const calls = [
      client.version({}),
      impatient.version({}),
      impatient.version({}, { timeoutMs: 2000 }),
      impatient.version({}, { timeoutMs: 0 }),
      client.execSync({ timeout: 1n }),
    ];
    await Promise.allSettled(calls);
    connection.close();
    expect(server.streams.map(({ headers }) => headers["grpc-timeout"])).toEqual([
      undefined,
      "10000m",
      "3000m",
      "2000m",
      undefined,
      "121000m",
    ]);
  });
});
