import { existsSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, NamespaceMode } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { containerConfig, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let pod: string;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  pod = await runPod(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

/** A container that may use 20 MiB, swap included. */
function limited(command: string[]): Promise<string> {
  const linux = {
    resources: { memoryLimitInBytes: 20n * 1024n * 1024n },
    securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } },
  };
  return startContainer(test, pod, containerConfig(command, { linux }));
}

async function ended(id: string) {
  await until("the container has ended", async () => {
    return (await statusOf(test, id)).state === ContainerState.CONTAINER_EXITED;
  });
  return statusOf(test, id);
}

// Keeps the last 200 MB of an endless file in memory.
const hog = ["tail", "-c", "200000000", "/dev/zero"];

describe("the end of a container with a memory limit", () => {
  it("is OOMKilled when its own process is killed for it", async () => {
    expect(await ended(await limited(hog))).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  it("is OOMKilled as well when no daemon was there to see it", async () => {
    const id = await limited(["sh", "-c", `sleep 2; exec ${hog.join(" ")}`]);
    const exitFile = join(test.config.state, "exits", id);
    await test.restart(() => until("the container has ended", () => existsSync(exitFile)));
    expect(await ended(id)).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  it("is the command's own when only a child is killed for it", async () => {
    const id = await limited(["sh", "-c", `${hog.join(" ")}; exit 3`]);
    expect(await ended(id)).toMatchObject({ exitCode: 3, reason: "Error" });
  });

  it("is not put down to memory when a stop kills it, whatever happened to a child before", async () => {
    const id = await limited(["sh", "-c", `${hog.join(" ")}; sleep 1000`]);
    const mark = join(test.config.state, "persist", id, "oom");
    await until("the child has been killed", () => existsSync(mark));
    await test.runtime.stopContainer({ containerId: id, timeout: 0n });
    expect(await statusOf(test, id)).toMatchObject({ exitCode: 137, reason: "Error" });
  });

  it("is an error when somebody else kills it", async () => {
    const id = await limited(["sleep", "1000"]);
    const { info } = await test.runtime.containerStatus({ containerId: id, verbose: true });
    process.kill(JSON.parse(info.info ?? "{}").pid, "SIGKILL");
    expect(await ended(id)).toMatchObject({ exitCode: 137, reason: "Error" });
  });
});
