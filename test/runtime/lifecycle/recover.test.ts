import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { createTmpfs } from "../../../src/runtime/adapters/tmpfs/tmpfs.js";
import { until } from "../../support/until.js";
import { isAlive, rewrite } from "../support/insides.js";
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
import { testedHandlers } from "../support/tested-handlers.js";

describe.each(testedHandlers)("with $handler", ({ config }) => {
  let test: TestRuntime;

  beforeAll(async () => {
    test = await startTestRuntime(config);
    await pullBusybox(test);
  });

  afterEach(async () => {
    const { items } = await test.runtime.listPodSandbox({});
    for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
  });

  afterAll(async () => {
    expect(await test.end()).toEqual([]);
  });

  async function pidOf(containerId: string): Promise<number> {
    const { info } = await test.runtime.containerStatus({ containerId, verbose: true });
    return JSON.parse(info.info ?? "").pid;
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
        return rewrite(test, "sandboxes", podSandboxId, {
          step: "making",
          pause: undefined,
          monitor: undefined,
        });
      });
      expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
      expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(podSandboxId);
      await test.runtime.runPodSandbox({ config });
    });

    it("finishes the removal of a pod with its containers", async () => {
      const pod = await runPod(test);
      const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
      await test.restart(() => rewrite(test, "sandboxes", pod, { step: "removing" }));
      expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
      await expect(statusOf(test, id)).rejects.toMatchObject({ code: "not_found" });
      expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(id);
    });

    it("finishes the stop of a pod", async () => {
      const pod = await runPod(test);
      await test.restart(() => rewrite(test, "sandboxes", pod, { step: "stopping" }));
      const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
      expect(status?.state).toBe(PodSandboxState.SANDBOX_NOTREADY);
      expect(status?.network?.ip).toBe("");
    });

    it("undoes a container that was being made, and one that was being removed", async () => {
      const pod = await runPod(test);
      const made = await createContainer(test, pod, containerConfig(["sleep", "1000"]));
      const removed = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
      await test.restart(async () => {
        await rewrite(test, "containers", made, { step: "making" });
        await rewrite(test, "containers", removed, { step: "removing" });
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
        await rewrite(test, "containers", started, forgotten);
        await rewrite(test, "containers", created, { step: "starting" });
      });
      expect((await statusOf(test, started)).state).toBe(ContainerState.CONTAINER_RUNNING);
      expect(await pidOf(started)).toBe(pid);
      expect((await statusOf(test, created)).state).toBe(ContainerState.CONTAINER_CREATED);
      await test.runtime.startContainer({ containerId: created });
      await test.runtime.stopContainer({ containerId: started, timeout: 0n });
      expect((await statusOf(test, started)).exitCode).toBe(137);
    });
  });

  describe("a directory that cannot be removed", () => {
    it("does not keep the container's name, and goes when the daemon starts again", async () => {
      const pod = await runPod(test);
      const config = containerConfig(["sleep", "1000"]);
      const id = await createContainer(test, pod, config);
      const directory = join(test.directory, "root/containers", id);
      await createTmpfs().mount(join(directory, "busy"), { sizeBytes: 4096, uid: 0, gid: 0 });
      await expect(test.runtime.removeContainer({ containerId: id })).rejects.toThrow("EBUSY");
      await createContainer(test, pod, config);
      await test.restart();
      expect(existsSync(directory)).toBe(false);
    });
  });
});
