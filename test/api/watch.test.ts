import { create } from "@bufbuild/protobuf";
import { type CriClient, CriError, connect, DeadlineError } from "crikit";
import { ContainerEventType, ContainerState, VersionResponseSchema } from "crikit/proto";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sharesEvents, type WatchOptions, watch } from "../../src/api/watch.js";
import { ListReader } from "../../src/services/list.js";
import { SessionOpener } from "../../src/sessions/open-session.js";
import { until } from "../support/until.js";
import { WatchCache } from "../support/watch-cache.js";
import { EventFeed } from "./support/event-feed.js";

const {
  CONTAINER_CREATED_EVENT: CREATED,
  CONTAINER_STARTED_EVENT: STARTED,
  CONTAINER_STOPPED_EVENT: STOPPED,
  CONTAINER_DELETED_EVENT: DELETED,
} = ContainerEventType;

/** So long that nothing happens by the clock unless a test wants it. */
const never = { relistMs: 1e6, pollMs: 1e6, settleMs: 1e6, askAgainMs: 1e6 };

const always = { times: Number.POSITIVE_INFINITY };

let fake: FakeRuntime;
let feed: EventFeed;
let cri: CriClient;
let cache: WatchCache;
let left: AbortController;
let end: Promise<unknown>;

beforeEach(async () => {
  let pods = 0;
  fake = await startFakeRuntime({ images: ["demo"], newId: () => `id${++pods}` });
  cri = await connect(fake.endpoint);
  feed = new EventFeed();
  // What the fake tells by itself is not told: here the test says what is, and when.
  fake.onCall("getContainerEvents", (_request, { signal }) => feed.subscribe(signal));
  cache = new WatchCache();
  left = new AbortController();
});

afterEach(async () => {
  left.abort();
  await end;
  expect(cache.faults).toEqual([]);
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

/** How often everything was listed. */
function lists(): number {
  const calls = fake.calls.filter((call) => call.rpc === "streamContainers");
  return calls.filter(({ request }) => !request.filter?.podSandboxId).length;
}

/** How often pods were listed, all or one. */
function podLists(): number {
  return fake.calls.filter(({ rpc }) => rpc === "streamPodSandboxes" || rpc === "listPodSandbox").length;
}

function open(options: WatchOptions = {}, timing: Partial<typeof never> = {}) {
  const sessions = new SessionOpener();
  const context = {
    endpoint: fake.endpoint,
    tracing: undefined,
    runtime: cri.runtime,
    image: cri.image,
    lists: new ListReader((rpc) => cri.capabilities()[rpc], {}),
    logRoot: "",
    hostRoot: "/",
    sessions,
  };
  return watch(context, { signal: left.signal, ...options }, { ...never, ...timing });
}

async function* noEvents() {}

async function start(timing: Partial<typeof never> = {}): Promise<void> {
  end = cache.follow(open({}, timing));
  await until("the first state is told", () => cache.told.includes("synced"));
}

async function addPod(name: string): Promise<string> {
  const { podSandboxId } = await fake.runtime.runPodSandbox({ config: { metadata: { name } } });
  return podSandboxId;
}

async function addPods(count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => addPod(`p${index}`)));
}

async function removePod(podSandboxId: string): Promise<void> {
  await fake.runtime.removePodSandbox({ podSandboxId });
}

async function addContainer(podSandboxId: string): Promise<string> {
  const config = { metadata: { name: "main" }, image: { image: "demo" } };
  const { containerId } = await fake.runtime.createContainer({ podSandboxId, config });
  await fake.runtime.startContainer({ containerId });
  return containerId;
}

/** What was told since the first state. */
const since = () => cache.told.slice(cache.told.indexOf("synced") + 1);

/** Has the watch look once more, so that what it was to tell before has been told. */
async function settle(): Promise<void> {
  const pod = await addPod("last");
  feed.tell(CREATED, pod, pod);
  await until("the last pod is told", () => cache.pods.has(pod));
  await removePod(pod);
  feed.tell(DELETED, pod, pod);
  await until("it is told to be gone", () => !cache.pods.has(pod));
  const isOfLast = (line: string) => line.includes(` ${pod} `);
  cache.told.splice(0, cache.told.length, ...cache.told.filter((line) => !isOfLast(line)));
  expect(await cache.differences(cri)).toEqual([]);
}

describe("watch", () => {
  test("tells what there is, pods first, then that this is all", async () => {
    const pod = await addPod("a");
    const container = await addContainer(pod);
    await start();
    expect(cache.told).toEqual([`added pod ${pod} list`, `added container ${container} list`, "synced"]);
    expect(cache.containers.get(container)?.listed).toMatchObject({ podId: pod, state: "running" });
  });

  test("of nothing says `synced` alone", async () => {
    await start();
    expect(cache.told).toEqual(["synced"]);
  });

  test("has events tell when to look, and looks at their pod only", async () => {
    await start();
    const before = lists();
    const pod = await addPod("a");
    feed.tell(CREATED, pod, pod);
    await until("the pod is told", () => cache.pods.has(pod));
    const container = await addContainer(pod);
    feed.tell(STARTED, container, pod);
    await until("the container is told", () => cache.containers.has(container));
    await fake.exit(container, 3);
    feed.tell(STOPPED, container, pod);
    await until("its end is told", () => cache.containers.get(container)?.listed.state === "exited");
    await removePod(pod);
    feed.tell(DELETED, pod, pod);
    await until("all are gone", () => cache.pods.size + cache.containers.size === 0);
    expect(since()).toEqual([
      `added pod ${pod} event`,
      `added container ${container} event`,
      `updated container ${container} event`,
      `removed container ${container} event`,
      `removed pod ${pod} event`,
    ]);
    expect(lists()).toBe(before);
  });

  test("looks for a container's event at the containers of its pod alone, at the pod a moment later", async () => {
    const pod = await addPod("a");
    await start({ settleMs: 500 });
    await until("the first look is settled", () => lists() === 2);
    const before = podLists();
    const container = await addContainer(pod);
    feed.tell(STARTED, container, pod);
    await until("the container is told", () => cache.containers.has(container));
    expect(podLists()).toBe(before);
    await until("the pod is looked at", () => podLists() === before + 1);
    expect(lists()).toBe(2);
  });

  test("looks at the pod, too, where it did not know it", async () => {
    await start();
    const pod = await addPod("a");
    const container = await addContainer(pod);
    feed.tell(STARTED, container, pod);
    await until("the container is told", () => cache.containers.has(container));
    expect(since()).toEqual([`added pod ${pod} event`, `added container ${container} event`]);
  });

  test("tells a pod before its container when it comes between the two lists", async () => {
    await start();
    const before = podLists();
    fake.fault("streamContainers", { delayMs: 500 });
    feed.tell(CREATED, "anything");
    await until("the pods are listed", () => podLists() > before);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const pod = await addPod("a");
    const container = await addContainer(pod);
    await until("the container is told", () => cache.containers.has(container));
    expect(since()).toEqual([`added pod ${pod} list`, `added container ${container} list`]);
  });

  test("looks at a few of many pods by themselves, and lists everything for many of them", async () => {
    const pods = await addPods(200);
    await start();
    await removePod(pods[9] ?? "");
    for (const pod of pods.slice(0, 10)) feed.tell(STARTED, pod, pod);
    await until("the pod is told to be gone", () => cache.pods.size === 199);
    expect(lists()).toBe(1);
    for (const pod of pods.slice(0, 100)) feed.tell(STARTED, pod, pod);
    await until("everything is listed", () => lists() > 1);
    await settle();
  });

  test("looks once more a moment after many events, at everything in place of every pod", async () => {
    const pods = await addPods(40);
    await start({ settleMs: 300 });
    await until("the first look is settled", () => lists() === 2);
    for (const pod of pods) feed.tell(DELETED, pod, pod);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = lists();
    const [gone = ""] = pods;
    await removePod(gone);
    await until("the pod is told to be gone", () => !cache.pods.has(gone));
    expect(since()).toEqual([`removed pod ${gone} list`]);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(lists()).toBe(before + 1);
  });

  test("tells nothing twice for events that come again, late, or in the wrong order", async () => {
    const pod = await addPod("a");
    const container = await addContainer(pod);
    await start();
    await fake.exit(container, 0);
    for (const type of [DELETED, STOPPED, CREATED, STARTED, STOPPED, STOPPED]) {
      feed.tell(type, container, pod, {
        containersStatuses: [{ id: container, state: ContainerState.CONTAINER_RUNNING }],
      });
    }
    await settle();
    expect(since()).toEqual([`updated container ${container} event`]);
  });

  test("does not believe an event older than its list", async () => {
    const pod = await addPod("a");
    const container = await addContainer(pod);
    await fake.exit(container, 0);
    await start();
    const containersStatuses = [{ id: container, state: ContainerState.CONTAINER_RUNNING }];
    feed.tell(STARTED, container, pod, { createdAt: 1n, containersStatuses });
    feed.tell(CREATED, "removed-long-ago", pod, { createdAt: 1n });
    await settle();
    expect(since()).toEqual([]);
  });

  test("does not take one pod for another whose ID begins alike", async () => {
    await start();
    const pods = await addPods(12);
    const containers = await Promise.all(pods.map((pod) => addContainer(pod)));
    const [first = ""] = pods;
    expect(pods.filter((pod) => pod.startsWith(first)).length).toBeGreaterThan(1);
    feed.tell(CREATED, first, first);
    await until("the pod is told", () => cache.pods.has(first));
    expect(since()).toEqual([`added pod ${first} event`, `added container ${containers[0]} event`]);
    for (const pod of pods) feed.tell(CREATED, pod, pod);
    await settle();
  });

  test("finds what no event told when everything is listed again", async () => {
    await start({ settleMs: 0, relistMs: 100 });
    await until("everything is listed now and then", () => lists() > 4);
    const pod = await addPod("a");
    await until("the pod is told", () => cache.pods.has(pod));
    expect(since()).toEqual([`added pod ${pod} list`]);
  });

  test("looks once more after a moment, for what happened before the runtime began to tell", async () => {
    await start({ settleMs: 300 });
    const pod = await addPod("a");
    await until("the pod is told", () => cache.pods.has(pod));
    expect(lists()).toBe(2);
  });

  test("looks at a pod once more after a moment, for events that come before their lists", async () => {
    const pod = await addPod("a");
    await start({ settleMs: 300 });
    await until("the first look is settled", () => lists() === 2);
    feed.tell(DELETED, pod, pod);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await removePod(pod);
    await until("the pod is told to be gone", () => !cache.pods.has(pod));
    expect(since()).toEqual([`removed pod ${pod} event`]);
    expect(lists()).toBe(2);
  });

  test("lists everything where an event does not tell its pod", async () => {
    await start();
    const pod = await addPod("a");
    feed.tell(CREATED, pod);
    await until("the pod is told", () => cache.pods.has(pod));
    expect(since()).toEqual([`added pod ${pod} list`]);
  });

  test("does not pile up events while its reader is slow: it lists", async () => {
    const changes = open();
    expect(await changes.next()).toEqual({ done: false, value: { type: "synced" } });
    const first = await addPod("first");
    feed.tell(CREATED, first, first);
    const change = await changes.next();
    if (change.value) cache.take(change.value);
    const pods = await addPods(200);
    for (const pod of pods) for (let time = 0; time < 50; time += 1) feed.tell(CREATED, pod, pod);
    const before = lists();
    end = cache.follow(changes);
    await until("all pods are told", () => cache.pods.size === 201);
    expect(lists() - before).toBeLessThanOrEqual(3);
    await settle();
  });

  test("lists again when events break off, and asks for them anew", async () => {
    await start();
    const pod = await addPod("a");
    feed.end(new CriError("resource_exhausted", "too slow"));
    await until("the pod is told", () => cache.pods.has(pod));
    await until("events were asked for anew", () => feed.opened === 2);
    await settle();
    const again = await addPod("b");
    feed.end();
    await until("the pod is told", () => cache.pods.has(again));
    await until("events were asked for anew", () => feed.opened === 3);
  });

  test.each([
    ["has none", () => fake.fault("getContainerEvents", { error: "unsupported" }, always)],
    ["ends them at once", () => fake.onCall("getContainerEvents", noEvents)],
  ])("polls where the runtime %s", async (_what, arrange) => {
    arrange();
    await start({ pollMs: 50 });
    const pod = await addPod("a");
    await until("the pod is told", () => cache.pods.has(pod));
    const container = await addContainer(pod);
    await until("the container is told", () => cache.containers.has(container));
    expect(since()).toEqual([`added pod ${pod} list`, `added container ${container} list`]);
  });

  test("stops polling once there are events", async () => {
    let served = false;
    fake.onCall("getContainerEvents", (_request, { signal }) =>
      served ? feed.subscribe(signal) : noEvents(),
    );
    await start({ pollMs: 50, askAgainMs: 100 });
    await until("it polls", () => lists() > 5);
    served = true;
    await until("it listens", () => feed.listeners === 1);
    const pod = await addPod("a");
    feed.tell(CREATED, pod, pod);
    await until("the pod is told", () => cache.pods.has(pod));
    await settle();
    const before = lists();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(lists() - before).toBeLessThanOrEqual(1);
  });

  test("asked not to listen, polls", async () => {
    end = cache.follow(open({ events: false }, { pollMs: 50 }));
    await until("it polls", () => lists() > 3);
    expect(feed.opened).toBe(0);
  });

  test("lives through a runtime that goes away and comes back another", async () => {
    const stays = await addPod("stays");
    const goes = await addPod("goes");
    await start();
    let comes = "";
    await fake.restart(async () => {
      await removePod(goes);
      comes = await addPod("comes");
      await new Promise((resolve) => setTimeout(resolve, 500));
    });
    await until("what has come is told", () => cache.pods.has(comes));
    expect(since()).toEqual([`added pod ${comes} list`, `removed pod ${goes} list`]);
    expect(cache.pods.has(stays)).toBe(true);
    await until("it listens again", () => feed.listeners === 1);
    await settle();
  });

  test("bears errors for a while, and throws one that stays", async () => {
    const fail = () =>
      fake.fault("streamPodSandboxes", { error: "unknown", message: "not initialized yet" }, always);
    await start({ settleMs: 0, relistMs: 100 });
    fail();
    await until("lists fail", () => lists() > 4);
    fake.clearFaults();
    await until("lists go on", () => lists() > 8);
    fail();
    expect(await end).toMatchObject({ code: "unknown", rpc: "StreamPodSandboxes" });
  });

  test("ends with the client, and by the signal's own reason", async () => {
    await start();
    const reason = new Error("enough");
    left.abort(reason);
    expect(await end).toBe(reason);
    await until("the runtime is not listened to", () => feed.listeners === 0);
    left = new AbortController();
    end = new WatchCache().follow(open());
    await until("it listens", () => feed.listeners === 1);
    cri.close();
    expect(await end).toMatchObject({ code: "closed" });
  });

  test("ends by `break`, at the runtime too, and by its time", async () => {
    await start();
    await until("it listens", () => feed.listeners === 1);
    for await (const { type } of open()) if (type === "synced") break;
    await until("only the other listens", () => feed.listeners === 1);
    expect(await new WatchCache().follow(open({ timeoutMs: 100 }))).toBeInstanceOf(DeadlineError);
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
