import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, PodSandboxState } from "../../../src/proto.js";
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

/** As a daemon that died there would have left it. */
async function rewrite(kind: "sandboxes" | "containers", id: string, change: object): Promise<void> {
  const path = join(test.directory, "root", kind, id, "record.json");
  const file = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...file, record: { ...file.record, ...change } }));
}

async function pidOf(containerId: string): Promise<number> {
  const { info } = await test.runtime.containerStatus({ containerId, verbose: true });
  return JSON.parse(info.info ?? "").pid;
}

async function monitorOf(kind: "sandboxes" | "containers", id: string): Promise<number> {
  const path = join(test.directory, "root", kind, id, "record.json");
  return JSON.parse(await readFile(path, "utf8")).record.monitor.pid;
}

describe("a daemon that starts again", () => {
  it("finds running containers as they were, with their logs going on", async () => {
    const pod = await runPod(test);
    const script = "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done";
    const id = await startContainer(test, pod, containerConfig(["sh", "-c", script]));
    const before = await statusOf(test, id);
    const pid = await pidOf(id);
    await test.restart();
    expect(await statusOf(test, id)).toEqual(before);
    expect(await pidOf(id)).toBe(pid);
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(status?.state).toBe(PodSandboxState.SANDBOX_READY);
    const length = (await readFile(before.logPath, "utf8")).length;
    await until("the log grows", async () => (await readFile(before.logPath, "utf8")).length > length);
    const numbers = (await readFile(before.logPath, "utf8")).matchAll(/line (\d+)\n/g);
    expect([...numbers].every(([, number], index) => Number(number) === index)).toBe(true);
    await test.runtime.stopContainer({ containerId: id, timeout: 0n });
    expect((await statusOf(test, id)).exitCode).toBe(137);
  });

  it("learns the exit codes of containers that ended while it was away", async () => {
    const pod = await runPod(test);
    const id = await startReady(test, pod, containerConfig(trapping("'exit 42' TERM")));
    const pid = await pidOf(id);
    await test.restart(() => {
      process.kill(pid, "SIGTERM");
      return until("the container is gone", async () => !(await isAlive(pid)));
    });
    expect(await statusOf(test, id)).toMatchObject({
      state: ContainerState.CONTAINER_EXITED,
      exitCode: 42,
      reason: "Error",
    });
  });

  it("undoes a pod that was being made, and its name is free", async () => {
    const config = podConfig(test);
    const { podSandboxId } = await test.runtime.runPodSandbox({ config });
    await test.restart(() => {
      return rewrite("sandboxes", podSandboxId, { step: "making", pause: undefined, monitor: undefined });
    });
    expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
    expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(podSandboxId);
    await test.runtime.runPodSandbox({ config });
  });

  it("finishes the removal of a pod with its containers", async () => {
    const pod = await runPod(test);
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    await test.restart(() => rewrite("sandboxes", pod, { step: "removing" }));
    expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
    await expect(statusOf(test, id)).rejects.toMatchObject({ code: "not_found" });
    expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(id);
  });

  it("finishes the stop of a pod", async () => {
    const pod = await runPod(test);
    await test.restart(() => rewrite("sandboxes", pod, { step: "stopping" }));
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(status?.state).toBe(PodSandboxState.SANDBOX_NOTREADY);
    expect(status?.network?.ip).toBe("");
  });

  it("undoes a container that was being made, and one that was being removed", async () => {
    const pod = await runPod(test);
    const made = await createContainer(test, pod, containerConfig(["sleep", "1000"]));
    const removed = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    await test.restart(async () => {
      await rewrite("containers", made, { step: "making" });
      await rewrite("containers", removed, { step: "removing" });
    });
    expect((await test.runtime.listContainers({})).containers).toEqual([]);
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    expect(mounts).not.toContain(made);
    expect(mounts).not.toContain(removed);
  });

  it("keeps a container whose start had gone through, and can start one again whose start had not", async () => {
    const pod = await runPod(test);
    const started = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const created = await createContainer(test, pod, containerConfig(["sleep", "1000"]));
    const forgotten = { step: "starting", startedAt: undefined, init: undefined, monitor: undefined };
    const pid = await pidOf(started);
    await test.restart(async () => {
      await rewrite("containers", started, forgotten);
      await rewrite("containers", created, { step: "starting" });
    });
    expect((await statusOf(test, started)).state).toBe(ContainerState.CONTAINER_RUNNING);
    expect(await pidOf(started)).toBe(pid);
    expect((await statusOf(test, created)).state).toBe(ContainerState.CONTAINER_CREATED);
    await test.runtime.startContainer({ containerId: created });
    await test.runtime.stopContainer({ containerId: started, timeout: 0n });
    expect((await statusOf(test, started)).exitCode).toBe(137);
  });
});

describe("a monitor that is killed", () => {
  it("ends its container, which reads exited, 255, Unknown", async () => {
    const pod = await runPod(test);
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const pid = await pidOf(id);
    process.kill(await monitorOf("containers", id), "SIGKILL");
    await until("the end is noticed", async () => {
      return (await statusOf(test, id)).state === ContainerState.CONTAINER_EXITED;
    });
    expect(await statusOf(test, id)).toMatchObject({ exitCode: 255, reason: "Unknown" });
    expect(await isAlive(pid)).toBe(false);
  });
});

describe("a pause process that is killed", () => {
  it("leaves the pod not ready, and it can be stopped and removed", async () => {
    const pod = await runPod(test);
    const { info } = await test.runtime.podSandboxStatus({ podSandboxId: pod, verbose: true });
    process.kill(JSON.parse(info.info ?? "").pid, "SIGKILL");
    await until("the pod is not ready", async () => {
      const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
      return status?.state === PodSandboxState.SANDBOX_NOTREADY;
    });
    const refused = createContainer(test, pod, containerConfig(["true"]));
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
  });
});

/** Not counting those that only wait for the host to reap them. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return status !== "" && !/^State:\s+[ZX]/m.test(status);
}
