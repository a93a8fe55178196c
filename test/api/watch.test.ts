import { create } from "@bufbuild/protobuf";
import { CriError, DeadlineError } from "crikit";
import { ContainerEventType, ContainerState, VersionResponseSchema } from "crikit/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sharesEvents } from "../../src/api/watch.js";
import { deferred } from "../../src/async/deferred.js";
import { holdClock } from "../support/held-clock.js";
import { until } from "../support/until.js";
import { WatchCache } from "../support/watch-cache.js";
import { WatchedFake } from "./support/watched-fake.js";

const {
  CONTAINER_CREATED_EVENT: CREATED,
  CONTAINER_STARTED_EVENT: STARTED,
  CONTAINER_STOPPED_EVENT: STOPPED,
  CONTAINER_DELETED_EVENT: DELETED,
} = ContainerEventType;

const always = { times: Number.POSITIVE_INFINITY };

let watched: WatchedFake;
let { fake, feed, cri, cache } = {} as Pick<WatchedFake, "fake" | "feed" | "cri" | "cache">;

beforeEach(async () => {
  watched = await WatchedFake.start();
  ({ fake, feed, cri, cache } = watched);
});

afterEach(async () => watched[Symbol.asyncDispose]());

async function* noEvents() {}

describe("watch", () => {
  test("tells what there is, pods first, then that this is all", async () => {
    const pod = await watched.addPod("a");
    const container = await watched.addContainer(pod);
    await watched.start();
    expect(cache.told).toEqual([`added pod ${pod} list`, `added container ${container} list`, "synced"]);
    expect(cache.containers.get(container)?.listed).toMatchObject({ podId: pod, state: "running" });
  });

  test("of nothing says `synced` alone", async () => {
    await watched.start();
    expect(cache.told).toEqual(["synced"]);
  });

  test("has events tell when to look, and looks at their pod only", async () => {
    await watched.start();
    const before = watched.lists();
    const pod = await watched.addPod("a");
    feed.tell(CREATED, pod, pod);
    await until("the pod is told", () => cache.pods.has(pod));
    const container = await watched.addContainer(pod);
    feed.tell(STARTED, container, pod);
    await until("the container is told", () => cache.containers.has(container));
    await fake.exit(container, 3);
    feed.tell(STOPPED, container, pod);
    await until("its end is told", () => cache.containers.get(container)?.listed.state === "exited");
    await watched.removePod(pod);
    feed.tell(DELETED, pod, pod);
    await until("all are gone", () => cache.pods.size + cache.containers.size === 0);
    expect(watched.since()).toEqual([
      `added pod ${pod} event`,
      `added container ${container} event`,
      `updated container ${container} event`,
      `removed container ${container} event`,
      `removed pod ${pod} event`,
    ]);
    expect(watched.lists()).toBe(before);
  });

  test("looks for a container's event at the containers of its pod alone, at the pod a moment later", async () => {
    const pod = await watched.addPod("a");
    using clock = holdClock();
    await watched.start({ settleMs: 500 });
    await clock.passUntil("the first look is settled", () => watched.lists() === 2);
    const before = watched.podLists();
    const container = await watched.addContainer(pod);
    feed.tell(STARTED, container, pod);
    await until("the container is told", () => cache.containers.has(container));
    expect(watched.podLists()).toBe(before);
    await clock.passUntil("the pod is looked at", () => watched.podLists() === before + 1);
    expect(watched.lists()).toBe(2);
  });

  test("looks at the pod, too, where it did not know it", async () => {
    await watched.start();
    const pod = await watched.addPod("a");
    const container = await watched.addContainer(pod);
    feed.tell(STARTED, container, pod);
    await until("the container is told", () => cache.containers.has(container));
    expect(watched.since()).toEqual([`added pod ${pod} event`, `added container ${container} event`]);
  });

  test("tells a pod before its container when it comes between the two lists", async () => {
    await watched.start();
    const [asked, held] = [deferred<void>(), deferred<void>()];
    fake.onCall("streamContainers", async function* (_request, { next }) {
      asked.resolve();
      await held.promise;
      yield* next();
    });
    feed.tell(CREATED, "anything");
    await asked.promise;
    // What was answered before this is has come.
    await cri.runtime.version({});
    const pod = await watched.addPod("a");
    const container = await watched.addContainer(pod);
    held.resolve();
    await until("the container is told", () => cache.containers.has(container));
    expect(watched.since()).toEqual([`added pod ${pod} list`, `added container ${container} list`]);
  });

  test("looks at a few of many pods by themselves, and lists everything for many of them", async () => {
    const pods = await watched.addPods(200);
    await watched.start();
    await watched.removePod(pods[9] ?? "");
    for (const pod of pods.slice(0, 10)) feed.tell(STARTED, pod, pod);
    await until("the pod is told to be gone", () => cache.pods.size === 199);
    expect(watched.lists()).toBe(1);
    for (const pod of pods.slice(0, 100)) feed.tell(STARTED, pod, pod);
    await until("everything is listed", () => watched.lists() > 1);
    await watched.settle();
  });

  test("looks once more a moment after many events, at everything in place of every pod", async () => {
    const pods = await watched.addPods(40);
    using clock = holdClock();
    await watched.start({ settleMs: 300 });
    await clock.passUntil("the first look is settled", () => watched.lists() === 2);
    for (const pod of pods) feed.tell(DELETED, pod, pod);
    await until("they are looked at", () => watched.lists() === 3);
    await cri.runtime.version({});
    const [gone = ""] = pods;
    await watched.removePod(gone);
    await clock.passUntil("the pod is told to be gone", () => !cache.pods.has(gone));
    expect(watched.since()).toEqual([`removed pod ${gone} list`]);
    await clock.pass(1000);
    await cri.runtime.version({});
    expect(watched.lists()).toBe(4);
  });

  test("tells nothing twice for events that come again, late, or in the wrong order", async () => {
    const pod = await watched.addPod("a");
    const container = await watched.addContainer(pod);
    await watched.start();
    await fake.exit(container, 0);
    for (const type of [DELETED, STOPPED, CREATED, STARTED, STOPPED, STOPPED]) {
      feed.tell(type, container, pod, {
        containersStatuses: [{ id: container, state: ContainerState.CONTAINER_RUNNING }],
      });
    }
    await watched.settle();
    expect(watched.since()).toEqual([`updated container ${container} event`]);
  });

  test("does not believe an event older than its list", async () => {
    const pod = await watched.addPod("a");
    const container = await watched.addContainer(pod);
    await fake.exit(container, 0);
    await watched.start();
    const containersStatuses = [{ id: container, state: ContainerState.CONTAINER_RUNNING }];
    feed.tell(STARTED, container, pod, { createdAt: 1n, containersStatuses });
    feed.tell(CREATED, "removed-long-ago", pod, { createdAt: 1n });
    await watched.settle();
    expect(watched.since()).toEqual([]);
  });

  test("does not take one pod for another whose ID begins alike", async () => {
    await watched.start();
    const pods = await watched.addPods(12);
    const containers = await Promise.all(pods.map((pod) => watched.addContainer(pod)));
    const [first = ""] = pods;
    expect(pods.filter((pod) => pod.startsWith(first)).length).toBeGreaterThan(1);
    feed.tell(CREATED, first, first);
    await until("the pod is told", () => cache.pods.has(first));
    expect(watched.since()).toEqual([`added pod ${first} event`, `added container ${containers[0]} event`]);
    for (const pod of pods) feed.tell(CREATED, pod, pod);
    await watched.settle();
  });

  test("finds what no event told when everything is listed again", async () => {
    await watched.start({ settleMs: 0, relistMs: 100 });
    await until("everything is listed now and then", () => watched.lists() > 4);
    const pod = await watched.addPod("a");
    await until("the pod is told", () => cache.pods.has(pod));
    expect(watched.since()).toEqual([`added pod ${pod} list`]);
  });

  test("looks once more after a moment, for what happened before the runtime began to tell", async () => {
    using clock = holdClock();
    await watched.start({ settleMs: 300 });
    const pod = await watched.addPod("a");
    await clock.passUntil("the pod is told", () => cache.pods.has(pod));
    expect(watched.lists()).toBe(2);
  });

  test("looks at a pod once more after a moment, for events that come before their lists", async () => {
    const pod = await watched.addPod("a");
    using clock = holdClock();
    await watched.start({ settleMs: 300 });
    await clock.passUntil("the first look is settled", () => watched.lists() === 2);
    const before = watched.looks();
    feed.tell(DELETED, pod, pod);
    await until("it is looked at", () => watched.looks() === before + 2);
    await cri.runtime.version({});
    await watched.removePod(pod);
    await clock.passUntil("the pod is told to be gone", () => !cache.pods.has(pod));
    expect(watched.since()).toEqual([`removed pod ${pod} event`]);
    expect(watched.lists()).toBe(2);
  });

  test("lists everything where an event does not tell its pod", async () => {
    await watched.start();
    const pod = await watched.addPod("a");
    feed.tell(CREATED, pod);
    await until("the pod is told", () => cache.pods.has(pod));
    expect(watched.since()).toEqual([`added pod ${pod} list`]);
  });

  test("does not pile up events while its reader is slow: it lists", async () => {
    const changes = watched.open();
    expect(await changes.next()).toEqual({ done: false, value: { type: "synced" } });
    const first = await watched.addPod("first");
    feed.tell(CREATED, first, first);
    const change = await changes.next();
    if (change.value) cache.take(change.value);
    const pods = await watched.addPods(200);
    for (const pod of pods) for (let time = 0; time < 50; time += 1) feed.tell(CREATED, pod, pod);
    const before = watched.lists();
    watched.end = cache.follow(changes);
    await until("all pods are told", () => cache.pods.size === 201);
    expect(watched.lists() - before).toBeLessThanOrEqual(3);
    await watched.settle();
  });

  test("lists again when events break off, and asks for them anew", async () => {
    await watched.start();
    const pod = await watched.addPod("a");
    feed.end(new CriError("resource_exhausted", "too slow"));
    await until("the pod is told", () => cache.pods.has(pod));
    await until("events were asked for anew", () => feed.opened === 2);
    await watched.settle();
    const again = await watched.addPod("b");
    feed.end();
    await until("the pod is told", () => cache.pods.has(again));
    await until("events were asked for anew", () => feed.opened === 3);
  });

  test.each([
    ["has none", () => fake.fault("getContainerEvents", { error: "unsupported" }, always)],
    ["ends them at once", () => fake.onCall("getContainerEvents", noEvents)],
  ])("polls where the runtime %s", async (_what, arrange) => {
    arrange();
    await watched.start({ pollMs: 50 });
    const pod = await watched.addPod("a");
    await until("the pod is told", () => cache.pods.has(pod));
    const container = await watched.addContainer(pod);
    await until("the container is told", () => cache.containers.has(container));
    expect(watched.since()).toEqual([`added pod ${pod} list`, `added container ${container} list`]);
  });

  test("stops polling once there are events", async () => {
    let served = false;
    fake.onCall("getContainerEvents", (_request, { signal }) =>
      served ? feed.subscribe(signal) : noEvents(),
    );
    await watched.start({ pollMs: 50, askAgainMs: 100 });
    await until("it polls", () => watched.lists() > 5);
    served = true;
    await until("it listens", () => feed.listeners === 1);
    const pod = await watched.addPod("a");
    feed.tell(CREATED, pod, pod);
    await until("the pod is told", () => cache.pods.has(pod));
    await watched.settle();
    const before = watched.lists();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(watched.lists() - before).toBeLessThanOrEqual(1);
  });

  test("asked not to listen, polls", async () => {
    watched.end = cache.follow(watched.open({ events: false }, { pollMs: 50 }));
    await until("it polls", () => watched.lists() > 3);
    expect(feed.opened).toBe(0);
  });

  test("lives through a runtime that goes away and comes back another", async () => {
    const stays = await watched.addPod("stays");
    const goes = await watched.addPod("goes");
    await watched.start();
    let comes = "";
    await fake.restart(async () => {
      await watched.removePod(goes);
      comes = await watched.addPod("comes");
      await new Promise((resolve) => setTimeout(resolve, 500));
    });
    await until("what has come is told", () => cache.pods.has(comes));
    expect(watched.since()).toEqual([`added pod ${comes} list`, `removed pod ${goes} list`]);
    expect(cache.pods.has(stays)).toBe(true);
    await until("it listens again", () => feed.listeners === 1);
    await watched.settle();
  });

  test("bears errors for a while, and throws one that stays", async () => {
    const fail = () =>
      fake.fault("streamPodSandboxes", { error: "unknown", message: "not initialized yet" }, always);
    await watched.start({ settleMs: 0, relistMs: 100 });
    fail();
    await until("lists fail", () => watched.lists() > 4);
    fake.clearFaults();
    await until("lists go on", () => watched.lists() > 8);
    fail();
    expect(await watched.end).toMatchObject({ code: "unknown", rpc: "StreamPodSandboxes" });
  });

  test("ends with the client, and by the signal's own reason", async () => {
    await watched.start();
    const reason = new Error("enough");
    watched.left.abort(reason);
    expect(await watched.end).toBe(reason);
    await until("the runtime is not listened to", () => feed.listeners === 0);
    watched.left = new AbortController();
    watched.end = new WatchCache().follow(watched.open());
    await until("it listens", () => feed.listeners === 1);
    cri.close();
    expect(await watched.end).toMatchObject({ code: "closed" });
  });

  test("ends by `break`, at the runtime too, and by its time", async () => {
    await watched.start();
    await until("it listens", () => feed.listeners === 1);
    for await (const { type } of watched.open()) if (type === "synced") break;
    await until("only the other listens", () => feed.listeners === 1);
    expect(await new WatchCache().follow(watched.open({ timeoutMs: 100 }))).toBeInstanceOf(DeadlineError);
    await until("only the other listens", () => feed.listeners === 1);
  });
});

test("containerd 1.7 gives each event to one client: it is not listened to unless asked for", () => {
  const shares = (runtimeName: string, runtimeVersion: string) =>
    sharesEvents(create(VersionResponseSchema, { runtimeName, runtimeVersion }));
  expect(shares("containerd", "v1.7.34")).toBe(true);
  expect(shares("containerd", "1.7.2~ds1")).toBe(true);
  expect(shares("containerd", "v2.0.1")).toBe(false);
  expect(shares("containerd", "1.6.20~ds1")).toBe(false);
  expect(shares("cri-o", "1.7.0")).toBe(false);
});
