import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

export function podScenarios(subject: () => Subject): void {
  test("a pod is ready with an address, is not ready once stopped, and is gone once removed", async () => {
    const { cri, runPod } = subject();
    const pod = await runPod("life");
    const ready = await pod.status();
    expect(ready).toMatchObject({
      id: pod.id,
      state: "ready",
      metadata: { name: "life", namespace: "default" },
    });
    expect(ready.ips[0]).toMatch(/^10\.90\.\d+\.\d+$/);
    await pod.stop();
    expect((await pod.status()).state).toBe("notready");
    await pod.remove();
    await expect(pod.status()).rejects.toMatchObject({ code: "not_found" });
    expect(await cri.pods.list({ id: pod.id })).toEqual([]);
  });

  test("stop and remove of a pod can be repeated", async () => {
    const pod = await subject().runPod("again");
    await pod.stop();
    await pod.stop();
    await pod.remove();
    await pod.remove();
  });

  test("a pod is removed with the running container in it", async () => {
    const { cri, runPod, runScript } = subject();
    const pod = await runPod("busy");
    const container = await runScript(pod, "sleep 1000");
    await pod.stop();
    await pod.remove();
    expect(await cri.containers.list({ id: container.id })).toEqual([]);
  });

  test("pods are listed by id prefix, labels and state, the newest first", async () => {
    const { cri, runPod, behaviour } = subject();
    await using first = await runPod("first", { app: "list", tier: "a" });
    await using second = await runPod("second", { app: "list", tier: "b" });
    const ids = async (filter: Parameters<typeof cri.pods.list>[0]) =>
      (await cri.pods.list(filter)).map(({ id }) => id);
    expect(await ids({ labels: { app: "list" } })).toEqual([second.id, first.id]);
    const streamed = [];
    for await (const { id } of cri.pods.stream({ labels: { app: "list" } })) streamed.push(id);
    expect(streamed.sort()).toEqual([first.id, second.id].sort());
    expect(cri.capabilities().streamPodSandboxes).toBe(behaviour.streamsLists);
    expect(await ids({ labels: { app: "list", tier: "a" } })).toEqual([first.id]);
    expect(await ids({ id: first.id.slice(0, 13) })).toEqual([first.id]);
    await first.stop();
    expect(await ids({ labels: { app: "list" }, state: "ready" })).toEqual([second.id]);
    expect(await ids({ labels: { app: "list" }, state: "notready" })).toEqual([first.id]);
  });

  test("pods are listed by pattern, namespace, any of several states and any value of a label", async () => {
    const { cri, runPod } = subject();
    const inNamespace = (name: string, namespace: string, labels: Record<string, string>) =>
      runPod(name, { suite: "filters", ...labels }, { metadata: { name, namespace } });
    await using one = await inNamespace("web-1", "blue", { canary: "" });
    await using two = await inNamespace("web-2", "green", { canary: "yes" });
    await using three = await inNamespace("db", "blue", {});
    await three.stop();
    const ids = async (filter: Parameters<typeof cri.pods.list>[0]) =>
      (await cri.pods.list({ ...filter, labels: { suite: "filters", ...filter?.labels } })).map(
        ({ id }) => id,
      );
    expect(await ids({ name: "db" })).toEqual([three.id]);
    expect(await ids({ name: /^web-\d$/ })).toEqual([two.id, one.id]);
    expect(await ids({ namespace: "blue" })).toEqual([three.id, one.id]);
    expect(await ids({ namespace: /E+/i, state: "ready" })).toEqual([two.id, one.id]);
    expect(await ids({ state: ["ready", "notready"] })).toEqual([three.id, two.id, one.id]);
    expect(await ids({ labels: { canary: true } })).toEqual([two.id, one.id]);
    expect(await ids({ labels: { canary: "" } })).toEqual([one.id]);
    expect(await ids({ last: 2, sort: "name" })).toEqual([three.id, two.id]);
    expect(await ids({ latest: true, namespace: "green" })).toEqual([two.id]);
    const streamed = [];
    for await (const { id } of cri.pods.stream({ labels: { suite: true }, name: /^web/ })) streamed.push(id);
    expect(streamed.sort()).toEqual([one.id, two.id].sort());
  });

  test("labels and annotations come back as they were given", async () => {
    const { cri, runPod } = subject();
    await using pod = await runPod("labels", { "a.b/c": "d", empty: "" });
    expect((await pod.status()).labels).toEqual({ "a.b/c": "d", empty: "" });
    const [listed] = await cri.pods.list({ id: pod.id });
    expect(listed?.listed.labels).toEqual({ "a.b/c": "d", empty: "" });
  });

  test("two pods of the same metadata cannot be", async () => {
    const { cri } = subject();
    const metadata = { name: "twin", namespace: "default", uid: "twin-uid" };
    await using _pod = await cri.pods.run({ metadata, logDirectory: "/tmp" });
    await expect(cri.pods.run({ metadata, logDirectory: "/tmp" })).rejects.toMatchObject({
      code: "name_reserved",
    });
  });

  test("stopping an unknown pod or container", async () => {
    const { cri, behaviour } = subject();
    for (const unknown of [cri.pods.get("f".repeat(64)), cri.containers.get("f".repeat(64))]) {
      const stopped = unknown.stop();
      if (behaviour.stopOfUnknown === "succeeds") await stopped;
      else await expect(stopped).rejects.toMatchObject({ code: "not_found" });
    }
  });

  test("the runtime tells its name and is ready, its network too", async () => {
    const { cri, behaviour } = subject();
    expect(cri.version).toMatchObject({ runtimeName: behaviour.runtimeName, runtimeApiVersion: "v1" });
    const { runtimeReady, networkReady } = await cri.info();
    expect({ runtimeReady, networkReady }).toEqual({ runtimeReady: true, networkReady: true });
  });
}
