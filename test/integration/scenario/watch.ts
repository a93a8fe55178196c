import type { ContainerEvent } from "crikit";
import { expect, test } from "vitest";
import { until } from "../../support/until.js";
import { WatchCache } from "../../support/watch-cache.js";
import type { Subject } from "./subject.js";

export function watchScenarios(subject: () => Subject): void {
  test("events tell each step of a pod and a container, or that there are none", async () => {
    const { cri, behaviour, runPod, runScript } = subject();
    const controller = new AbortController();
    const events: ContainerEvent[] = [];
    const listen = async () => {
      for await (const event of cri.events({ signal: controller.signal })) events.push(event);
    };
    const end = listen().catch((error: unknown) => error);
    if (behaviour.events === "unsupported") {
      expect(await end).toMatchObject({ code: "unsupported" });
      return;
    }
    await until("events come", async () => {
      await using _pod = await runPod("first");
      return events.length > 0;
    });
    const pod = await runPod("told");
    const container = await runScript(pod, "exit 3");
    await container.wait();
    await container.remove();
    await pod[Symbol.asyncDispose]();
    const typesOf = (id: string) => events.filter((event) => event.id === id).map(({ type }) => type);
    await until("the last is told", () => typesOf(pod.id).includes("deleted"));
    for (const { id } of [pod, container]) {
      expect(typesOf(id)).toEqual(["created", "started", "stopped", "deleted"]);
    }
    const stopped = events.find(({ id, type }) => id === container.id && type === "stopped");
    expect(stopped).toMatchObject({ kind: "container", pod: { id: pod.id } });
    expect(stopped?.containers).toMatchObject([{ id: container.id, state: "exited", exitCode: 3 }]);
    controller.abort();
    await end;
  });

  test("a watch tells what there is and what becomes of it, once", async () => {
    const { cri, runPod, runScript } = subject();
    const old = await runPod("old");
    const before = await runScript(old, "sleep 1000");
    const cache = new WatchCache();
    const controller = new AbortController();
    const end = cache.follow(cri.watch({ signal: controller.signal }));
    await until("the first state is told", () => cache.told.includes("synced"));
    expect(cache.containers.get(before.id)?.listed).toMatchObject({ podId: old.id, state: "running" });

    const pod = await runPod("new");
    await until("the pod is told", () => cache.pods.get(pod.id)?.listed.state === "ready");
    const stateOf = (id: string) => cache.containers.get(id)?.listed.state;
    const container = await pod.createContainer({
      metadata: { name: "main" },
      image: { image: subject().image },
      command: ["sleep", "1000"],
    });
    await until("its creation is told", () => stateOf(container.id) === "created");
    await container.start();
    await until("its start is told", () => stateOf(container.id) === "running");
    await container.stop({ gracePeriodMs: 0 });
    await until("its end is told", () => stateOf(container.id) === "exited");
    await pod.stop();
    await until("the pod's end is told", () => cache.pods.get(pod.id)?.listed.state === "notready");
    await old[Symbol.asyncDispose]();
    await pod[Symbol.asyncDispose]();
    await until("all are told to be gone", () => !cache.pods.has(pod.id) && !cache.pods.has(old.id));
    await until("the cache is what there is", async () => (await cache.differences(cri)).length === 0);
    const told = cache.told.filter((line) => line.includes(container.id));
    expect(told.map((line) => line.split(" ")[0])).toEqual(["added", "updated", "updated", "removed"]);
    expect(cache.faults).toEqual([]);
    controller.abort();
    await end;
  });

  test("a watch with filters tells what enters and what leaves them", async () => {
    const { cri, image, runPod, runScript } = subject();
    const namespace = "watched";
    await using pod = await runPod("watched", {}, { metadata: { name: "watched", namespace } });
    const ended = await runScript(pod, "exit 0", { metadata: { name: "ended" } });
    await ended.wait();
    const cache = new WatchCache();
    const controller = new AbortController();
    const containers = { namespace, state: "running" as const };
    const end = cache.follow(cri.watch({ signal: controller.signal, pods: { namespace }, containers }));
    await until("the first state is told", () => cache.told.includes("synced"));
    await using elsewhere = await runPod("elsewhere");
    await runScript(elsewhere, "sleep 1000");
    const container = await pod.createContainer({
      metadata: { name: "main" },
      image: { image },
      command: ["sleep", "1000"],
    });
    await container.start();
    await until("its start is told", () => cache.containers.has(container.id));
    await container.stop({ gracePeriodMs: 0 });
    await until("its end is told", () => !cache.containers.has(container.id));
    const told = cache.told.map((line) => line.split(" ").slice(0, 3).join(" "));
    expect(told).toEqual([
      `added pod ${pod.id}`,
      "synced",
      `added container ${container.id}`,
      `removed container ${container.id}`,
    ]);
    controller.abort();
    await end;
  });
}
