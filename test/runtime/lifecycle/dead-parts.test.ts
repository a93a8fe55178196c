import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, NamespaceMode, PodSandboxState } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { insides, isAlive, killProcess, processesOf } from "../support/insides.js";
import {
  containerConfig,
  createContainer,
  runPod,
  startContainer,
  startReady,
  statusOf,
  trapping,
} from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { testedHandlers } from "../support/tested-handlers.js";

describe.each(testedHandlers)("with $handler", ({ handler, config }) => {
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

  const sleeping = () => containerConfig(["sleep", "1000"]);
  const unknown = { state: ContainerState.CONTAINER_EXITED, exitCode: 255, reason: "Unknown" };

  async function ended(id: string) {
    await until("the end is noticed", async () => {
      return (await statusOf(test, id)).state === ContainerState.CONTAINER_EXITED;
    });
    return statusOf(test, id);
  }

  async function podStatus(podSandboxId: string) {
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId });
    return { state: status?.state, ip: status?.network?.ip ?? "" };
  }

  async function leases(): Promise<string[]> {
    const names = await readdir(join(test.directory, "state/leases"), { recursive: true });
    return names.map((name) => name.split("/").at(-1) ?? "").filter((name) => /^\d+(\.\d+){3}$/.test(name));
  }

  /** What the OCI runtime knows of it. */
  async function ociKnows(id: string): Promise<boolean> {
    return (await readdir(join(test.directory, "state/oci", handler))).some((name) => name.startsWith(id));
  }

  describe("a monitor that is killed", () => {
    // Without a PID namespace of its own a container is more than its init process.
    const shared = { linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.POD } } } };
    const two = () => containerConfig(["sh", "-c", "sleep 1000 & echo ready; sleep 1000"], shared);

    it("ends its container with all processes, which reads exited, 255, Unknown", async () => {
      const pod = await runPod(test);
      const id = await startReady(test, pod, two());
      await killProcess((await insides(test, "containers", id)).monitorPid);
      expect(await ended(id)).toMatchObject(unknown);
      await until("nothing of it is left", async () => (await processesOf(id)).length === 0);
      await until("the OCI runtime has forgotten it", async () => !(await ociKnows(id)));
    });

    it("is noticed by the next daemon when there was none", async () => {
      const pod = await runPod(test);
      const id = await startReady(test, pod, two());
      const { monitorPid } = await insides(test, "containers", id);
      await test.restart(() => killProcess(monitorPid));
      expect(await statusOf(test, id)).toMatchObject(unknown);
      expect(await processesOf(id)).toEqual([]);
      expect(await ociKnows(id)).toBe(false);
    });

    it("and whose container has ended while there was no daemon leaves the end unknown", async () => {
      const pod = await runPod(test);
      const id = await startContainer(test, pod, sleeping());
      const { initPid, monitorPid } = await insides(test, "containers", id);
      await test.restart(async () => {
        await killProcess(monitorPid);
        await killProcess(initPid);
      });
      expect(await statusOf(test, id)).toMatchObject(unknown);
      await test.runtime.removeContainer({ containerId: id });
    });

    it("of a pod leaves it not ready", async () => {
      const pod = await runPod(test);
      const { initPid, monitorPid } = await insides(test, "sandboxes", pod);
      await killProcess(monitorPid);
      await until("the pod is not ready", async () => {
        return (await podStatus(pod)).state === PodSandboxState.SANDBOX_NOTREADY;
      });
      expect(await isAlive(initPid)).toBe(false);
    });
  });

  describe("a pause process that is killed", () => {
    it("leaves the pod not ready, with its address until it is stopped, and it can be removed", async () => {
      const pod = await runPod(test);
      const { ip } = await podStatus(pod);
      await killProcess((await insides(test, "sandboxes", pod)).initPid);
      await until("the pod is not ready", async () => {
        return (await podStatus(pod)).state === PodSandboxState.SANDBOX_NOTREADY;
      });
      expect((await podStatus(pod)).ip).toBe(ip);
      expect(await leases()).toEqual([ip]);
      await expect(createContainer(test, pod, sleeping())).rejects.toMatchObject({
        code: "failed_precondition",
      });
      await test.runtime.stopPodSandbox({ podSandboxId: pod });
      expect(await podStatus(pod)).toEqual({ state: PodSandboxState.SANDBOX_NOTREADY, ip: "" });
      expect(await leases()).toEqual([]);
      await test.runtime.removePodSandbox({ podSandboxId: pod });
    });

    it("is noticed by the next daemon when there was none, and the address is held all the same", async () => {
      const pod = await runPod(test);
      const { ip } = await podStatus(pod);
      const { initPid } = await insides(test, "sandboxes", pod);
      await test.restart(() => killProcess(initPid));
      expect(await podStatus(pod)).toEqual({ state: PodSandboxState.SANDBOX_NOTREADY, ip });
      expect(await leases()).toEqual([ip]);
    });

    it("does not end the pod's containers, which can be stopped and keep their codes", async () => {
      const pod = await runPod(test);
      const id = await startReady(test, pod, containerConfig(trapping("'exit 42' TERM")));
      await killProcess((await insides(test, "sandboxes", pod)).initPid);
      await until("the pod is not ready", async () => {
        return (await podStatus(pod)).state === PodSandboxState.SANDBOX_NOTREADY;
      });
      expect((await statusOf(test, id)).state).toBe(ContainerState.CONTAINER_RUNNING);
      await test.runtime.stopContainer({ containerId: id, timeout: 10n });
      expect(await statusOf(test, id)).toMatchObject({ exitCode: 42, reason: "Error" });
    });
  });

  describe("a pause process whose death nobody has noticed yet", () => {
    it("leaves a pod that takes no more work, and says what to do", async () => {
      const pod = await runPod(test);
      const containerId = await createContainer(test, pod, sleeping());
      const { initPid, monitorPid } = await insides(test, "sandboxes", pod);
      process.kill(monitorPid, "SIGSTOP");
      await killProcess(initPid);
      const refused = {
        code: "failed_precondition",
        message: expect.stringContaining(`Sandbox ${pod} of pod default/demo is not ready: run a new one`),
      };
      await expect(test.runtime.startContainer({ containerId })).rejects.toMatchObject(refused);
      await expect(createContainer(test, pod, sleeping())).rejects.toMatchObject(refused);
      await expect(test.runtime.portForward({ podSandboxId: pod, port: [80] })).rejects.toMatchObject(
        refused,
      );
      expect((await statusOf(test, containerId)).state).toBe(ContainerState.CONTAINER_CREATED);
    });
  });

  describe("an init process that is killed behind the runtime's back", () => {
    it("reads exited, 137", async () => {
      const pod = await runPod(test);
      const id = await startContainer(test, pod, sleeping());
      await killProcess((await insides(test, "containers", id)).initPid);
      expect(await ended(id)).toMatchObject({ exitCode: 137, reason: "Error" });
    });
  });

  describe("an exit file", () => {
    it.each([
      ["missing", (path: string) => rm(path)],
      ["empty", (path: string) => writeFile(path, "")],
      ["torn", (path: string) => writeFile(path, "\0\0")],
    ])("that is %s although the monitor has gone leaves the end unknown", async (_what, damage) => {
      const pod = await runPod(test);
      const id = await startContainer(test, pod, sleeping());
      const other = await startReady(test, pod, containerConfig(trapping("'exit 42' TERM")));
      const { initPid, monitorPid } = await insides(test, "containers", id);
      const { initPid: otherPid } = await insides(test, "containers", other);
      await test.restart(async () => {
        for (const pid of [initPid, otherPid]) process.kill(pid, pid === initPid ? "SIGKILL" : "SIGTERM");
        await until("the monitor is gone", async () => !(await isAlive(monitorPid)));
        await until("the other has ended", async () => !(await isAlive(otherPid)));
        await damage(join(test.directory, "state/exits", id));
      });
      expect(await statusOf(test, id)).toMatchObject(unknown);
      expect(await ended(other)).toMatchObject({ exitCode: 42 });
      expect(await readdir(join(test.directory, "state/exits"))).toEqual([]);
    });

    it("that is torn is waited for while the monitor lives", async () => {
      const pod = await runPod(test);
      const id = await startContainer(test, pod, sleeping());
      await writeFile(join(test.directory, "state/exits", id), "x");
      await test.restart();
      expect((await statusOf(test, id)).state).toBe(ContainerState.CONTAINER_RUNNING);
      await test.runtime.stopContainer({ containerId: id, timeout: 0n });
      expect((await statusOf(test, id)).exitCode).toBe(137);
    });
  });

  describe("a monitor that hangs", () => {
    async function hang(kind: "sandboxes" | "containers", id: string): Promise<void> {
      process.kill((await insides(test, kind, id)).monitorPid, "SIGSTOP");
    }

    it("does not keep its container from being stopped; the end is unknown", async () => {
      const pod = await runPod(test);
      const id = await startContainer(test, pod, sleeping());
      const { monitorPid } = await insides(test, "containers", id);
      await hang("containers", id);
      await test.runtime.stopContainer({ containerId: id, timeout: 0n });
      expect(await statusOf(test, id)).toMatchObject(unknown);
      await until("the monitor is gone", async () => !(await isAlive(monitorPid)));
      expect(await processesOf(id)).toEqual([]);
    });

    it("does not keep its pod from being removed", async () => {
      const pod = await runPod(test);
      const id = await startContainer(test, pod, sleeping());
      const monitors = [await insides(test, "containers", id), await insides(test, "sandboxes", pod)];
      await hang("containers", id);
      await hang("sandboxes", pod);
      await test.runtime.removePodSandbox({ podSandboxId: pod });
      for (const { monitorPid } of monitors) expect(await isAlive(monitorPid)).toBe(false);
      expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(id);
    });
  });
});
