import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Message, MessageInitShape } from "@bufbuild/protobuf";

import {
  type ContainerConfigSchema,
  NamespaceMode,
  type PodSandboxConfigSchema,
} from "../../../src/proto.js";
import { until } from "../../support/until.js";
import type { Served } from "./served.js";
import { busybox } from "./test-runtime.js";

type PodConfig = Exclude<MessageInitShape<typeof PodSandboxConfigSchema>, Message>;
type ContainerConfig = Exclude<MessageInitShape<typeof ContainerConfigSchema>, Message>;

/** As kubelet asks: network and IPC shared in the pod, processes apart. */
const namespaceOptions = { pid: NamespaceMode.CONTAINER };

export function podConfig({ directory }: Pick<Served, "directory">, more: PodConfig = {}): PodConfig {
  return {
    metadata: { name: "demo", namespace: "default", uid: randomUUID(), attempt: 0 },
    logDirectory: join(directory, "logs"),
    linux: { securityContext: { namespaceOptions } },
    ...more,
  };
}

export async function runPod(
  test: Pick<Served, "directory" | "runtime">,
  more: PodConfig = {},
): Promise<string> {
  return (await test.runtime.runPodSandbox({ config: podConfig(test, more) })).podSandboxId;
}

export function containerConfig(command: string[], more: ContainerConfig = {}): ContainerConfig {
  const name = `c-${randomUUID().slice(0, 8)}`;
  return {
    metadata: { name },
    image: { image: busybox },
    command,
    logPath: `${name}.log`,
    linux: { securityContext: { namespaceOptions } },
    ...more,
  };
}

export async function createContainer(
  test: Served,
  podSandboxId: string,
  config: ContainerConfig,
): Promise<string> {
  const sandboxConfig = podConfig(test);
  return (await test.runtime.createContainer({ podSandboxId, config, sandboxConfig })).containerId;
}

export async function startContainer(
  test: Served,
  podSandboxId: string,
  config: ContainerConfig,
): Promise<string> {
  const containerId = await createContainer(test, podSandboxId, config);
  await test.runtime.startContainer({ containerId });
  return containerId;
}

/** A script that says `ready` in the log once its trap is set: init processes ignore signals until then. */
export function trapping(trap: string): string[] {
  return ["sh", "-c", `trap ${trap}; echo ready; while :; do sleep 0.02; done`];
}

export async function startReady(test: Served, pod: string, config: ContainerConfig): Promise<string> {
  const id = await startContainer(test, pod, config);
  const { logPath } = await statusOf(test, id);
  await until("the container is ready", async () => (await readFile(logPath, "utf8")).includes("ready"));
  return id;
}

export async function statusOf({ runtime }: Served, containerId: string) {
  const { status } = await runtime.containerStatus({ containerId });
  if (!status) throw new Error("The answer has no status");
  return status;
}
