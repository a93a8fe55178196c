import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { diagnosticsChannels, type RpcDiagnostics } from "crikit";
import { redact, redactInfo } from "crikit/proto";
import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

const secret = "S3cret-0f-a-container";

export function observabilityScenarios(subject: () => Subject): void {
  test("what is told of a container goes into a log, without the values of its environment", async () => {
    const { image, runPod } = subject();
    await using pod = await runPod("observed");
    const container = await pod.createContainer({
      metadata: { name: "main" },
      image: { image },
      command: ["sleep", "60"],
      envs: [{ key: "PASSWORD", value: secret }],
      annotations: { note: secret },
    });
    const status = await container.status({ verbose: true });
    expect(JSON.parse(JSON.stringify(status))).toMatchObject({
      id: container.id,
      createdAt: status.createdAt.toISOString(),
    });
    const logged = JSON.stringify([redact(status.raw), redactInfo(status.info)]);
    expect(logged).toContain(container.id);
    expect(logged).not.toContain(secret);
  });

  test("calls are told, each once and with how it ended", async () => {
    const { cri } = subject();
    const told: RpcDiagnostics[] = [];
    const hear = (call: unknown) => void told.push(call as RpcDiagnostics);
    const channel = `tracing:${diagnosticsChannels.rpc}:asyncEnd`;
    subscribe(channel, hear);
    try {
      await cri.info();
      await cri.containers
        .get("none")
        .status()
        .catch(() => {});
    } finally {
      unsubscribe(channel, hear);
    }
    expect(told.map(({ rpc }) => rpc)).toEqual(["Status", "ContainerStatus"]);
    expect(told.map(({ error }) => error)).toMatchObject([undefined, { code: "not_found" }]);
  });
}
