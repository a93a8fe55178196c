import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, NamespaceMode } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  await Promise.all(items.map(({ id }) => test.runtime.removePodSandbox({ podSandboxId: id })));
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

async function ended(id: string) {
  await until("the container has ended", async () => {
    return (await statusOf(test, id)).state === ContainerState.CONTAINER_EXITED;
  });
  return statusOf(test, id);
}

describe("the end of a container", () => {
  it("reads OOMKilled when the kernel killed it for want of memory", async () => {
    const pod = await runPod(test);
    const resources = { memoryLimitInBytes: 16n * 1024n * 1024n };
    const namespaceOptions = { pid: NamespaceMode.CONTAINER };
    const config = containerConfig(["tail", "/dev/zero"], {
      linux: { resources, securityContext: { namespaceOptions } },
    });
    const id = await startContainer(test, pod, config);
    expect(await ended(id)).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  it("is known at once after the start of a command that ends at once", async () => {
    const pod = await runPod(test);
    const ids = await Promise.all(
      Array.from({ length: 5 }, () => createContainer(test, pod, containerConfig(["false"]))),
    );
    await Promise.all(ids.map((containerId) => test.runtime.startContainer({ containerId })));
    for (const id of ids) {
      const status = await ended(id);
      expect(status).toMatchObject({ exitCode: 1, reason: "Error" });
      expect(status.finishedAt).toBeGreaterThanOrEqual(status.startedAt);
    }
  });

  it("is not seen in files that no monitor of ours wrote", async () => {
    const pod = await runPod(test);
    const exits = join(test.directory, "state/exits");
    await mkdir(exits, { recursive: true });
    await writeFile(join(exits, "f".repeat(64)), "3");
    await writeFile(join(exits, `${pod}.tmp`), "3");
    const id = await startContainer(test, pod, containerConfig(["true"]));
    await ended(id);
    const { items } = await test.runtime.listPodSandbox({ filter: { id: pod } });
    expect(items[0]?.state).toBe(0);
    await rm(join(exits, `${pod}.tmp`));
  });
});

describe("many pods at once", () => {
  it("run, have addresses of their own, and go", async () => {
    const pods = await Promise.all(Array.from({ length: 8 }, () => runPod(test)));
    const statuses = await Promise.all(
      pods.map((podSandboxId) => test.runtime.podSandboxStatus({ podSandboxId })),
    );
    expect(new Set(statuses.map(({ status }) => status?.network?.ip)).size).toBe(8);
    await Promise.all(pods.map((pod) => startContainer(test, pod, containerConfig(["sleep", "1000"]))));
    await Promise.all(pods.map((podSandboxId) => test.runtime.stopPodSandbox({ podSandboxId })));
    await Promise.all(pods.map((podSandboxId) => test.runtime.removePodSandbox({ podSandboxId })));
    expect((await test.runtime.listContainers({})).containers).toEqual([]);
  });

  it("run from one request at the same time, become one pod", async () => {
    const config = { metadata: { name: "same", namespace: "default", uid: "1" } };
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => test.runtime.runPodSandbox({ config })),
    );
    expect(results.filter(({ status }) => status === "fulfilled").length).toBe(1);
    expect((await test.runtime.listPodSandbox({})).items.length).toBe(1);
  });

  it("whose caller gives up are undone", async () => {
    const config = { metadata: { name: "gone", namespace: "default", uid: "1" } };
    const given = test.runtime.runPodSandbox({ config }, { signal: AbortSignal.timeout(15) });
    await expect(given).rejects.toThrow();
    await until("its name is free", async () => {
      const again = await test.runtime.runPodSandbox({ config }).catch(() => undefined);
      return again !== undefined;
    });
    expect((await test.runtime.listPodSandbox({})).items.length).toBe(1);
  });
});
