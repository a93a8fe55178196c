import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Place } from "../../src/kube/manifest/schema/place.js";
import { probe } from "../../src/kube/manifest/schema/probe.js";
import { probing } from "../../src/kube/probes/probing.js";
import { sleeping, useRuntime } from "./support/lab.js";

const lab = useRuntime();
const script = fileURLToPath(new URL("support/health-server.mjs", import.meta.url));

interface HealthServer extends AsyncDisposable {
  readonly port: number;
  serve(): void;
}

async function healthServer(command: string, args: readonly string[]): Promise<HealthServer> {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(child.stdout as NodeJS.ReadableStream, "data");
  return {
    port: Number(port),
    serve: () => child.stdin?.write("serve\n"),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

/** What the first probe has found. */
async function found(port: number, service?: string): Promise<string> {
  const read = probe.read(
    { grpc: { port, service }, timeoutSeconds: 1, failureThreshold: 1 },
    new Place("", []),
  );
  const left = new AbortController();
  const container = lab.cri.containers.get("none");
  const target = { container, ports: [], ip: "127.0.0.1" };
  const options = { startedAt: performance.now(), signal: left.signal, onFailure: () => {} };
  for await (const { passed, message } of probing(target, read, options)) return passed ? "passed" : message;
  return "nothing";
}

test("a gRPC probe passes where the health service says that it serves", async () => {
  await using server = await healthServer(process.execPath, [script, "0", "127.0.0.1"]);
  expect(await found(server.port)).toBe(`127.0.0.1:${server.port} says that it is NOT_SERVING`);
  server.serve();
  await expect.poll(() => found(server.port)).toBe("passed");
  expect(await found(server.port, "app")).toBe("passed");
  expect(await found(server.port, "unknown")).toBe(
    `127.0.0.1:${server.port} answered with gRPC status 5: unknown`,
  );
});

test("a gRPC probe fails where nobody listens, where nobody answers, and where it is not gRPC that answers", async () => {
  const sockets = createServer((socket) => void socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
  await once(sockets, "listening");
  const address = sockets.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  expect(await found(port)).toBe(`127.0.0.1:${port} did not answer within 1000 ms`);
  sockets.on("connection", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  expect(await found(port)).toMatch(`127.0.0.1:${port} cannot be reached`);
  sockets.close();
  await once(sockets, "close");
  expect(await found(port)).toMatch(/cannot be reached: .*ECONNREFUSED/);
});

test("a pod is ready when the gRPC server at its own address says that it serves", async () => {
  await using app = await lab.play({
    containers: [{ ...sleeping, name: "web", readinessProbe: { grpc: { port: 7000 }, periodSeconds: 1 } }],
  });
  const { info } = await app.container("web").status({ verbose: true });
  const net = `--net=/proc/${(info.info as { pid?: number }).pid}/ns/net`;
  await using server = await healthServer("nsenter", [net, process.execPath, script, "7000", "0.0.0.0"]);
  for await (const change of app.events()) {
    if (change.type === "unhealthy" && change.message.includes("NOT_SERVING")) break;
  }
  expect(app.status().containers[0]?.ready).toBe(false);
  server.serve();
  await app.waitReady({ timeoutMs: 60_000 });
});
