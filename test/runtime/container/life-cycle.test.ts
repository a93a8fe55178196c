import { readFile } from "node:fs/promises";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, NamespaceMode, PodSandboxState, Signal } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import {
  containerConfig,
  createContainer,
  podConfig,
  runPod,
  startContainer,
  startReady,
  statusOf,
  trapping,
} from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
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

describe("a container", () => {
  it("goes from created over running to exited, with its log on disk", async () => {
    const pod = await runPod(test);
    const id = await createContainer(test, pod, containerConfig(["sh", "-c", "echo hello; sleep 1000"]));
    const created = await statusOf(test, id);
    expect(created.state).toBe(ContainerState.CONTAINER_CREATED);
    expect(created.startedAt).toBe(0n);

    await test.runtime.startContainer({ containerId: id });
    const running = await statusOf(test, id);
    expect(running.state).toBe(ContainerState.CONTAINER_RUNNING);
    expect(running.startedAt).toBeGreaterThan(running.createdAt);
    await until("the line is written", async () => (await readFile(running.logPath, "utf8")).length > 0);
    expect(await readFile(running.logPath, "utf8")).toMatch(/^\S+ stdout F hello\n$/);

    await test.runtime.stopContainer({ containerId: id, timeout: 0n });
    const exited = await statusOf(test, id);
    expect(exited.state).toBe(ContainerState.CONTAINER_EXITED);
    expect(exited.exitCode).toBe(137);
    expect(exited.finishedAt).toBeGreaterThan(exited.startedAt);

    await test.runtime.removeContainer({ containerId: id });
    await expect(statusOf(test, id)).rejects.toMatchObject({ code: "not_found" });
    expect(await readFile(running.logPath, "utf8")).toContain("hello");
  });

  it.each([
    ["true", 0, "Completed"],
    ["exit 3", 3, "Error"],
    ["kill -9 $$", 137, "Error"],
  ])("that runs `%s` ends with %i and reason %s", async (script, exitCode, reason) => {
    const pod = await runPod(test);
    const shared = { linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.POD } } } };
    const id = await startContainer(test, pod, containerConfig(["sh", "-c", script], shared));
    expect(await ended(id)).toMatchObject({ exitCode, reason });
  });

  it("whose command does not exist fails to start and reads exited, 128, StartError", async () => {
    const pod = await runPod(test);
    const id = await createContainer(test, pod, containerConfig(["/no/such/command"]));
    await expect(test.runtime.startContainer({ containerId: id })).rejects.toThrow("/no/such/command");
    const status = await statusOf(test, id);
    expect(status).toMatchObject({
      state: ContainerState.CONTAINER_EXITED,
      exitCode: 128,
      reason: "StartError",
    });
    expect(status.message).toContain("/no/such/command");
  });

  it("can be started once only", async () => {
    const pod = await runPod(test);
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const again = test.runtime.startContainer({ containerId: id });
    await expect(again).rejects.toMatchObject({ code: "failed_precondition" });
  });

  it("leaves no process behind when it shares the pod's processes and its main one ends", async () => {
    const pod = await runPod(test);
    const shared = { linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.POD } } } };
    const other = await startContainer(test, pod, containerConfig(["sleep", "1000"], shared));
    const id = await startContainer(test, pod, containerConfig(["sh", "-c", "sleep 987 & exit 5"], shared));
    expect((await ended(id)).exitCode).toBe(5);
    await until("its child is gone", async () => {
      const { stdout } = await test.runtime.execSync({ containerId: other, cmd: ["ps"] });
      return !Buffer.from(stdout).toString().includes("sleep 987");
    });
  });
});

describe("StopContainer", () => {
  it("lets a container end by itself within the grace period", async () => {
    const pod = await runPod(test);
    const id = await startReady(test, pod, containerConfig(trapping("'exit 7' TERM")));
    await test.runtime.stopContainer({ containerId: id, timeout: 20n });
    expect(await statusOf(test, id)).toMatchObject({ exitCode: 7, reason: "Error" });
  });

  it("kills a container that ignores the signal once the grace period is over", async () => {
    const pod = await runPod(test);
    const id = await startReady(test, pod, containerConfig(trapping("'' TERM")));
    const before = performance.now();
    await test.runtime.stopContainer({ containerId: id, timeout: 1n });
    expect(performance.now() - before).toBeGreaterThan(950);
    expect((await statusOf(test, id)).exitCode).toBe(137);
  });

  it("of a second, urgent caller does not wait for the first one's grace period", async () => {
    const pod = await runPod(test);
    const id = await startReady(test, pod, containerConfig(trapping("'' TERM")));
    const patient = test.runtime.stopContainer({ containerId: id, timeout: 60n });
    await test.runtime.stopContainer({ containerId: id, timeout: 0n });
    await patient;
    expect((await statusOf(test, id)).exitCode).toBe(137);
  });

  it("sends the stop signal that the container asks for", async () => {
    const pod = await runPod(test);
    const config = containerConfig(trapping("'exit 9' USR1"), { stopSignal: Signal.SIGUSR1 });
    const id = await startReady(test, pod, config);
    await test.runtime.stopContainer({ containerId: id, timeout: 20n });
    expect((await statusOf(test, id)).exitCode).toBe(9);
  });

  it("is done with a container that is absent, created or ended", async () => {
    const pod = await runPod(test);
    await test.runtime.stopContainer({ containerId: "absent" });
    const id = await createContainer(test, pod, containerConfig(["true"]));
    await test.runtime.stopContainer({ containerId: id, timeout: 5n });
    expect((await statusOf(test, id)).state).toBe(ContainerState.CONTAINER_CREATED);
    await test.runtime.startContainer({ containerId: id });
    await ended(id);
    await test.runtime.stopContainer({ containerId: id, timeout: 5n });
    await test.runtime.removeContainer({ containerId: id });
    await test.runtime.removeContainer({ containerId: id });
  });
});

describe("StopPodSandbox", () => {
  it("ends containers, frees the address, and keeps the pod listed", async () => {
    const pod = await runPod(test);
    const before = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(before.status?.network?.ip).toMatch(/^\d+\./);
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    expect((await statusOf(test, id)).state).toBe(ContainerState.CONTAINER_EXITED);
    const { items } = await test.runtime.listPodSandbox({});
    expect(items.map((item) => [item.id, item.state])).toEqual([[pod, PodSandboxState.SANDBOX_NOTREADY]]);
    const after = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(after.status?.network?.ip).toBe("");
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    const create = createContainer(test, pod, containerConfig(["true"]));
    await expect(create).rejects.toMatchObject({ code: "failed_precondition" });
  });

  it("and RemovePodSandbox are done with a pod that is absent", async () => {
    await test.runtime.stopPodSandbox({ podSandboxId: "absent" });
    await test.runtime.removePodSandbox({ podSandboxId: "absent" });
  });
});

describe("RemovePodSandbox", () => {
  it("removes running containers by force and gives the name back", async () => {
    const config = podConfig(test);
    const { podSandboxId } = await test.runtime.runPodSandbox({ config });
    const id = await startContainer(test, podSandboxId, containerConfig(["sleep", "1000"]));
    const reserved = test.runtime.runPodSandbox({ config });
    await expect(reserved).rejects.toThrow(`is reserved for sandbox ${podSandboxId}`);
    await expect(reserved).rejects.toMatchObject({ code: "name_reserved" });
    await test.runtime.removePodSandbox({ podSandboxId });
    await expect(statusOf(test, id)).rejects.toMatchObject({ code: "not_found" });
    await test.runtime.runPodSandbox({ config });
  });
});
