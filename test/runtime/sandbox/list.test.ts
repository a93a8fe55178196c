import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import { containerConfig, createContainer, runPod, startContainer } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let pods: { web: string; db: string; old: string };
let containers: { created: string; running: string };

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  pods = {
    web: await runPod(test, { labels: { app: "web", tier: "front" } }),
    db: await runPod(test, { labels: { app: "db", tier: "back" } }),
    old: await runPod(test, { labels: { app: "web", tier: "back" } }),
  };
  await test.runtime.stopPodSandbox({ podSandboxId: pods.old });
  const labels = { app: "web" };
  containers = {
    created: await createContainer(test, pods.web, containerConfig(["sleep", "1000"], { labels })),
    running: await startContainer(test, pods.db, containerConfig(["sleep", "1000"], { labels })),
  };
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

describe("ListPodSandbox", () => {
  const ids = async (filter?: object) => {
    const { items } = await test.runtime.listPodSandbox(filter ? { filter } : {});
    return items.map(({ id }) => id);
  };

  it("gives all pods, newest first, without a filter and with an empty one", async () => {
    expect(await ids()).toEqual([pods.old, pods.db, pods.web]);
    expect(await ids({})).toEqual([pods.old, pods.db, pods.web]);
  });

  it("filters by ID prefix, state and labels, and joins conditions by and", async () => {
    expect(await ids({ id: pods.db.slice(0, 13) })).toEqual([pods.db]);
    expect(await ids({ id: "none" })).toEqual([]);
    expect(await ids({ state: { state: PodSandboxState.SANDBOX_NOTREADY } })).toEqual([pods.old]);
    expect(await ids({ labelSelector: { app: "web" } })).toEqual([pods.old, pods.web]);
    expect(await ids({ labelSelector: { app: "web", tier: "front" } })).toEqual([pods.web]);
    const ready = { state: PodSandboxState.SANDBOX_READY };
    expect(await ids({ state: ready, labelSelector: { tier: "back" } })).toEqual([pods.db]);
  });
});

describe("ListContainers", () => {
  const ids = async (filter?: object) => {
    const answer = await test.runtime.listContainers(filter ? { filter } : {});
    return answer.containers.map(({ id }) => id);
  };

  it("filters by ID prefix, pod, state and labels, and joins conditions by and", async () => {
    const { created, running } = containers;
    expect(await ids()).toEqual([running, created]);
    expect(await ids({ id: created.slice(0, 13) })).toEqual([created]);
    expect(await ids({ podSandboxId: pods.db.slice(0, 13) })).toEqual([running]);
    expect(await ids({ state: { state: ContainerState.CONTAINER_CREATED } })).toEqual([created]);
    expect(await ids({ labelSelector: { app: "web" }, podSandboxId: pods.web })).toEqual([created]);
    expect(await ids({ labelSelector: { app: "db" } })).toEqual([]);
  });
});

describe("an ID prefix", () => {
  it("names the pod and the container in every call, and an ambiguous one is refused", async () => {
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pods.db.slice(0, 12) });
    expect(status?.id).toBe(pods.db);
    const answer = await test.runtime.containerStatus({ containerId: containers.running.slice(0, 12) });
    expect(answer.status?.id).toBe(containers.running);
    // More objects than hex digits: some first digit is shared.
    const made = [...Object.values(pods)];
    while (new Set(made.map((id) => id[0])).size === made.length) made.push(await runPod(test));
    const shared = made.map((id) => id[0] ?? "").find((digit, at, all) => all.indexOf(digit) !== at);
    const ambiguous = test.runtime.podSandboxStatus({ podSandboxId: shared ?? "" });
    await expect(ambiguous).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("the streaming lists", () => {
  async function streamed<Part>(parts: AsyncIterable<Part>, itemsOf: (part: Part) => unknown[]) {
    const items = [];
    for await (const part of parts) items.push(...itemsOf(part));
    return items;
  }

  it("give what the unary ones give, in the same order, by the same filters", async () => {
    const { runtime, images } = test;
    const filter = { labelSelector: { app: "web" } };
    for (const request of [{}, { filter }]) {
      expect(await streamed(runtime.streamPodSandboxes(request), (part) => part.podSandboxes)).toEqual(
        (await runtime.listPodSandbox(request)).items,
      );
      expect(await streamed(runtime.streamContainers(request), (part) => part.containers)).toEqual(
        (await runtime.listContainers(request)).containers,
      );
    }
    expect(await streamed(images.streamImages({}), (part) => part.images)).toEqual(
      (await images.listImages({})).images,
    );
  });

  it("of stats tell of the same pods and containers", async () => {
    const { runtime } = test;
    const request = { filter: { labelSelector: { app: "web" } } };
    expect(
      await streamed(runtime.streamContainerStats(request), (part) =>
        part.containerStats.map(({ attributes }) => attributes?.id),
      ),
    ).toEqual([containers.running, containers.created]);
    expect(
      await streamed(runtime.streamPodSandboxStats(request), (part) =>
        part.podSandboxStats.map(({ attributes }) => attributes?.id),
      ),
    ).toEqual([pods.web]);
  });

  it("of metrics tell of the same pods", async () => {
    const listed = (await test.runtime.listPodSandboxMetrics({})).podMetrics.map((pod) => pod.podSandboxId);
    expect(listed).toContain(pods.web);
    expect(
      await streamed(test.runtime.streamPodSandboxMetrics({}), (part) =>
        part.podSandboxMetrics.map(({ podSandboxId }) => podSandboxId),
      ),
    ).toEqual(listed);
  });
});
