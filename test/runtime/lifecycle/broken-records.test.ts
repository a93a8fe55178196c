import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { found, told } from "../support/facts.js";
import { insides, isAlive, recordPath, rewrite } from "../support/insides.js";
import { containerConfig, podConfig, runPod, startContainer, statusOf } from "../support/pods.js";
import { busybox, pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
/** A pod with a running container that nothing here may touch. */
let other: { pod: string; container: string; initPid: number };

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  const pod = await runPod(test);
  const container = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
  other = { pod, container, ...(await insides(test, "containers", container)) };
});

afterEach(async () => {
  expect((await podStatus(other.pod))?.state).toBe(PodSandboxState.SANDBOX_READY);
  expect((await statusOf(test, other.container)).state).toBe(ContainerState.CONTAINER_RUNNING);
  expect(await isAlive(other.initPid)).toBe(true);
  expect(await found(test)).toEqual(await told(test));
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) if (id !== other.pod) await test.runtime.removePodSandbox({ podSandboxId: id });
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

async function podStatus(podSandboxId: string) {
  return (await test.runtime.podSandboxStatus({ podSandboxId })).status;
}

/** Cuts a record in the middle. */
async function tear(path: string): Promise<void> {
  const text = (await readFile(path, "utf8")).trimEnd();
  await writeFile(path, text.slice(0, text.length / 2));
}

describe("a record that is torn", () => {
  it("of a pod takes the pod with its containers away, and the name is free", async () => {
    const config = podConfig(test);
    const { podSandboxId: pod } = await test.runtime.runPodSandbox({ config });
    const container = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const { initPid } = await insides(test, "containers", container);
    await test.restart(() => tear(recordPath(test, "sandboxes", pod)));
    expect((await test.runtime.listPodSandbox({})).items.map(({ id }) => id)).toEqual([other.pod]);
    expect((await test.runtime.listContainers({})).containers.map(({ id }) => id)).toEqual([other.container]);
    expect(await isAlive(initPid)).toBe(false);
    expect(await found(test)).toEqual(await told(test));
    await test.runtime.runPodSandbox({ config });
  });

  it("of a container takes the container away, not its pod", async () => {
    const pod = await runPod(test);
    const config = containerConfig(["sleep", "1000"]);
    const container = await startContainer(test, pod, config);
    const { initPid } = await insides(test, "containers", container);
    await test.restart(() => tear(recordPath(test, "containers", container)));
    await expect(statusOf(test, container)).rejects.toMatchObject({ code: "not_found" });
    expect((await podStatus(pod))?.state).toBe(PodSandboxState.SANDBOX_READY);
    expect(await isAlive(initPid)).toBe(false);
    await startContainer(test, pod, config);
  });

  it("of an image takes the image away, which can be pulled again", async () => {
    const images = join(test.directory, "root/images");
    const [id = ""] = await readdir(images);
    await test.restart(() => tear(join(images, id, "record.json")));
    expect((await test.images.listImages({})).images).toEqual([]);
    await pullBusybox(test);
    expect((await test.images.listImages({})).images.flatMap(({ repoTags }) => repoTags)).toEqual([busybox]);
    await startContainer(test, await runPod(test), containerConfig(["sleep", "1000"]));
  });
});

describe("a purge", () => {
  it("finds what torn records stood for", async () => {
    const purged = await startTestRuntime();
    await pullBusybox(purged);
    const pod = await runPod(purged);
    const container = await startContainer(purged, pod, containerConfig(["sleep", "1000"]));
    await tear(recordPath(purged, "sandboxes", pod));
    await tear(recordPath(purged, "containers", container));
    expect(await purged.end()).toEqual([]);
  });
});

describe("a record that the disk does not give", () => {
  it("is left alone with all that belongs to it, and the others are served", async () => {
    const pod = await runPod(test);
    const container = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const { initPid } = await insides(test, "containers", container);
    const path = recordPath(test, "sandboxes", pod);
    const text = await readFile(path, "utf8");
    await test.restart(async () => {
      await rm(path);
      await mkdir(path);
    });
    expect((await test.runtime.listPodSandbox({})).items.map(({ id }) => id)).toEqual([other.pod]);
    expect(test.log.filter((line) => line.includes(pod) && line.includes("EISDIR")).length).toBe(1);
    await test.restart(async () => {
      await rm(path, { recursive: true });
      await writeFile(path, text);
    });
    expect((await podStatus(pod))?.state).toBe(PodSandboxState.SANDBOX_READY);
    expect((await statusOf(test, container)).state).toBe(ContainerState.CONTAINER_RUNNING);
    expect(await isAlive(initPid)).toBe(true);
  });
});

describe("an object that cannot be recovered", () => {
  it("does not keep the others from being served", async () => {
    const [pod, same] = [await runPod(test), await runPod(test)];
    const { name } = JSON.parse(await readFile(recordPath(test, "sandboxes", pod), "utf8")).record;
    await test.restart(() =>
      rewrite(test, "sandboxes", same, { name, cgroupParent: undefined, step: "stopping" }),
    );
    await until("the pod is served", async () => {
      return (await podStatus(pod))?.state === PodSandboxState.SANDBOX_READY;
    });
    await test.restart(() => rewrite(test, "sandboxes", same, { name: "other", cgroupParent: "/x" }));
  });
});
