import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { until } from "../../support/until.js";
import { containerConfig, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let disk: string;

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), "crikit-full-"));
  await runCommand("mount", ["-t", "tmpfs", "-o", "size=12m,nr_inodes=2000,mode=711", "tmpfs", disk]);
  await mkdir(join(disk, "root"), { mode: 0o711 });
  test = await startTestRuntime({ root: join(disk, "root"), state: join(disk, "state") });
  await pullBusybox(test);
});

afterAll(async () => {
  const left = await test.end();
  await runCommand("umount", [disk]);
  await rm(disk, { recursive: true });
  expect(left).toEqual([]);
});

it("on a full disk ends are known, and pods and containers can be stopped and removed", async () => {
  const [pod, other] = [await runPod(test), await runPod(test)];
  const [stopped, removed] = [
    await startContainer(test, pod, containerConfig(["sleep", "1000"])),
    await startContainer(test, other, containerConfig(["sleep", "1000"])),
  ];
  const ending = await startContainer(test, pod, containerConfig(["sh", "-c", "sleep 1; exit 3"]));
  await runCommand("dd", ["if=/dev/zero", `of=${join(disk, "filler")}`, "bs=4k", "status=none"]).catch(
    () => {},
  );
  await useUpInodes(join(disk, "fillers"));
  await expect(runPod(test)).rejects.toMatchObject({ code: "resource_exhausted" });
  await until("the end is known", async () => {
    return (await statusOf(test, ending)).state === ContainerState.CONTAINER_EXITED;
  });
  expect(await statusOf(test, ending)).toMatchObject({ exitCode: 3, reason: "Error" });
  await test.runtime.stopContainer({ containerId: stopped, timeout: 0n });
  expect(await statusOf(test, stopped)).toMatchObject({
    state: ContainerState.CONTAINER_EXITED,
    exitCode: 137,
  });
  await test.runtime.removeContainer({ containerId: removed });
  await test.runtime.stopPodSandbox({ podSandboxId: pod });
  const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
  expect(status?.state).toBe(PodSandboxState.SANDBOX_NOTREADY);
  await test.runtime.removePodSandbox({ podSandboxId: other });
  await useUpInodes(join(disk, "fillers again"));
  await test.restart();
  expect(await statusOf(test, stopped)).toMatchObject({ exitCode: 137 });
  expect((await test.runtime.listPodSandbox({})).items.map(({ id }) => id)).toEqual([pod]);
});

async function useUpInodes(directory: string): Promise<void> {
  const script = 'mkdir -p "$0"; for i in $(seq 3000); do : > "$0/$i" || exit; done';
  await expect(runCommand("sh", ["-c", script, directory])).rejects.toThrow("No space left");
}
