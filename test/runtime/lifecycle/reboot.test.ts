import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { detectCgroups } from "../../../src/runtime/adapters/cgroups/cgroups.js";
import { unmountBelow } from "../../../src/runtime/adapters/mounts.js";
import { cgroupParent } from "../../support/traces/names.js";
import { found, nothing } from "../support/facts.js";
import { insides, isAlive, killProcess, processesOf } from "../support/insides.js";
import {
  containerConfig,
  createContainer,
  podConfig,
  runPod,
  startContainer,
  statusOf,
} from "../support/pods.js";
import { busybox, pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const run = promisify(execFile);

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

/** All that a host loses when it is started anew: processes and their groups, mounts, interfaces, what lies in memory. */
async function reboot(): Promise<void> {
  const kinds = ["sandboxes", "containers"] as const;
  for (const kind of kinds) {
    for (const id of await readdir(join(test.directory, "root", kind))) {
      const { monitorPid } = await insides(test, kind, id).catch(() => ({ monitorPid: 0 }));
      if (monitorPid > 0 && (await isAlive(monitorPid))) await killProcess(monitorPid);
      for (const pid of await processesOf(id)) await killProcess(pid);
    }
  }
  await unmountBelow(test.directory);
  await rm(join(test.directory, "state"), { recursive: true });
  await (await detectCgroups()).remove(cgroupParent(test.directory));
  await run("ip", ["link", "delete", "dev", test.config.bridge]);
}

describe("a host that was started anew", () => {
  it("has nothing running; all of it is known as ended, can be removed, and its names used again", async () => {
    const config = podConfig(test);
    const { podSandboxId: pod } = await test.runtime.runPodSandbox({ config });
    const stopped = await runPod(test);
    await test.runtime.stopPodSandbox({ podSandboxId: stopped });
    const sleeping = containerConfig(["sleep", "1000"]);
    const running = await startContainer(test, pod, sleeping);
    const created = await createContainer(test, pod, containerConfig(["sleep", "1000"]));
    const ended = await startContainer(test, pod, containerConfig(["sh", "-c", "exit 3"]));
    await test.runtime.stopContainer({ containerId: ended, timeout: 5n });

    await test.restart(reboot);

    const unknown = { state: ContainerState.CONTAINER_EXITED, exitCode: 255, reason: "Unknown" };
    expect(await statusOf(test, running)).toMatchObject(unknown);
    expect((await statusOf(test, created)).state).toBe(ContainerState.CONTAINER_CREATED);
    expect(await statusOf(test, ended)).toMatchObject({ exitCode: 3, reason: "Error" });
    for (const podSandboxId of [pod, stopped]) {
      const { status } = await test.runtime.podSandboxStatus({ podSandboxId });
      expect(status?.state).toBe(PodSandboxState.SANDBOX_NOTREADY);
      expect(status?.network?.ip).toBe("");
    }
    await expect(test.runtime.startContainer({ containerId: created })).rejects.toMatchObject({
      code: "failed_precondition",
    });
    expect((await test.images.listImages({})).images.flatMap(({ repoTags }) => repoTags)).toEqual([busybox]);

    await test.runtime.stopContainer({ containerId: running, timeout: 5n });
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await test.runtime.removeContainer({ containerId: running });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    await test.runtime.removePodSandbox({ podSandboxId: stopped });
    expect(await found(test)).toEqual(nothing);

    const { podSandboxId: again } = await test.runtime.runPodSandbox({ config });
    await startContainer(test, again, sleeping);
    await test.runtime.removePodSandbox({ podSandboxId: again });
  });
});
