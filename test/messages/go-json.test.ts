import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { goJson } from "../../src/messages/go-json.js";
import { ContainerConfigSchema, NamespaceMode, Signal } from "../../src/proto.js";

it("writes a message as Go does: names of the contract, numbers for enums and 64 bits, nothing unset", () => {
  const config = create(ContainerConfigSchema, {
    metadata: { name: "web" },
    labels: { app: "web" },
    logPath: "0.log",
    stopSignal: Signal.SIGTERM,
    envs: [{ key: "A", value: Buffer.from("b") }],
    mounts: [{ hostPath: "/srv", readonly: true }],
    linux: {
      resources: { cpuPeriod: 100_000n, unified: { "memory.high": "max" } },
      securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER }, supplementalGroups: [7n] },
    },
  });
  expect(goJson(ContainerConfigSchema, config)).toEqual({
    metadata: { name: "web" },
    labels: { app: "web" },
    log_path: "0.log",
    stop_signal: 23,
    envs: [{ key: "A", value: "Yg==" }],
    mounts: [{ host_path: "/srv", readonly: true }],
    linux: {
      resources: { cpu_period: 100_000, unified: { "memory.high": "max" } },
      security_context: { namespace_options: { pid: 1 }, supplemental_groups: [7] },
    },
  });
});
