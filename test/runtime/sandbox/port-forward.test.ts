import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import type { Duplex } from "node:stream";

import { connect } from "crikit";
import { expect, test } from "vitest";

import { NamespaceMode } from "../../../src/proto.js";
import { receive, writeInPieces } from "../../support/pieces.js";
import { until } from "../../support/until.js";
import { podConfig } from "../support/pods.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

async function runPodOfHostNetwork(runtime: TestRuntime): Promise<string> {
  const config = podConfig(runtime, {
    linux: { securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } },
  });
  return (await runtime.runtime.runPodSandbox({ config })).podSandboxId;
}

test("a client of a forwarded port sees the reset of a server that resets its connection", async () => {
  const runtime = await startTestRuntime();
  const server = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.resetAndDestroy());
    socket.write("half");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await using cri = await connect(`unix://${runtime.directory}/cri.sock`);
    const podSandboxId = await runPodOfHostNetwork(runtime);
    const errors: unknown[] = [];
    const { port } = server.address() as AddressInfo;
    await using forward = await cri.pods
      .get(podSandboxId)
      .forward(port, { onError: (error) => errors.push(error) });
    const client = connectTcp(forward.port, "127.0.0.1");
    expect(String((await once(client, "data"))[0])).toBe("half");
    client.write("and the rest?");
    expect(await once(client, "error")).toMatchObject([{ code: "ECONNRESET" }]);
    await until("it is told", () => errors.length > 0);
    expect(errors.map(String)).toEqual([expect.stringMatching(`Port ${port} of the pod: .*reset`)]);
  } finally {
    server.close();
    expect(await runtime.end()).toEqual([]);
  }
});

test("a question in small pieces reaches the port at once, as from a client that does not wait for the port's word", async () => {
  const runtime = await startTestRuntime();
  const server = createServer(async (socket) => {
    for (let round = 0; round < 20; round++) {
      await receive(socket, 8);
      socket.write("!");
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await using cri = await connect(`unix://${runtime.directory}/cri.sock`);
    const podSandboxId = await runPodOfHostNetwork(runtime);
    const { port } = server.address() as AddressInfo;
    const ask = async (stream: Duplex) => {
      for (let round = 0; round < 20; round++) {
        await writeInPieces(stream);
        await receive(stream, 1);
      }
      stream.destroy();
    };
    const [byPod, waiting] = [
      ask(await cri.pods.get(podSandboxId).connect(port)),
      ask(connectTcp(port, "127.0.0.1")),
    ];
    expect(await Promise.race([byPod.then(() => "by the pod"), waiting.then(() => "waiting client")])).toBe(
      "by the pod",
    );
    await Promise.all([byPod, waiting]);
  } finally {
    server.close();
    expect(await runtime.end()).toEqual([]);
  }
});
