import { ContainerEventType, ContainerState, PodSandboxState } from "crikit/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deferred } from "../../src/async/deferred.js";
import { holdClock } from "../support/held-clock.js";
import { until } from "../support/until.js";
import { WatchedFake } from "./support/watched-fake.js";

const {
  CONTAINER_CREATED_EVENT: CREATED,
  CONTAINER_STARTED_EVENT: STARTED,
  CONTAINER_STOPPED_EVENT: STOPPED,
  CONTAINER_DELETED_EVENT: DELETED,
} = ContainerEventType;
const { CONTAINER_CREATED: created, CONTAINER_RUNNING: running, CONTAINER_EXITED: exited } = ContainerState;
const { SANDBOX_READY: ready, SANDBOX_NOTREADY: notReady } = PodSandboxState;

let watched: WatchedFake;
let pod: string;

beforeEach(async () => {
  watched = await WatchedFake.start();
  pod = await watched.addPod("a");
});

afterEach(async () => watched[Symbol.asyncDispose]());

/** An event of a container, with its status. */
function tell(type: ContainerEventType, id: string, state: ContainerState, more: object = {}): void {
  watched.feed.tell(type, id, pod, { containersStatuses: [{ id, state }], ...more });
}

function tellPod(type: ContainerEventType, state: PodSandboxState): void {
  watched.feed.tell(type, pod, pod, { podSandboxStatus: { id: pod, state } });
}

/** Has a look begun and holds back its answer, of now, until that is let go. */
async function holdLook(): Promise<() => void> {
  const answer = await watched.fake.runtime.listContainers({ filter: { podSandboxId: pod } });
  const held = deferred<void>();
  const before = watched.looks();
  watched.fake.onCall("listContainers", async () => {
    await held.promise;
    return answer;
  });
  tell(CREATED, "another", created);
  await until("a look is on its way", () => watched.looks() > before);
  return () => {
    held.resolve();
    watched.fake.onCall("listContainers", (_request, { next }) => next());
  };
}

const stateOf = (container: string) => watched.cache.containers.get(container)?.listed.state;

async function stopPod(): Promise<void> {
  await watched.fake.runtime.stopPodSandbox({ podSandboxId: pod });
}

describe("what an event tells of a container that is known", () => {
  test("is told without a look, as a list would tell it", async () => {
    const container = await watched.createContainer(pod);
    await watched.start();
    const before = watched.looks();
    await watched.fake.runtime.startContainer({ containerId: container });
    tell(STARTED, container, running);
    await until("it is told to run", () => stateOf(container) === "running");
    await watched.fake.exit(container, 3);
    tell(STOPPED, container, exited);
    await until("its end is told", () => stateOf(container) === "exited");
    expect(watched.since()).toEqual([
      `updated container ${container} event`,
      `updated container ${container} event`,
    ]);
    expect(watched.looks()).toBe(before);
    expect(await watched.cache.differences(watched.cri)).toEqual([]);
  });

  test("is told while no list is to be had", async () => {
    const container = await watched.addContainer(pod);
    await watched.start();
    watched.fake.fault("listContainers", { error: "unavailable" }, { times: Number.POSITIVE_INFINITY });
    tell(STOPPED, container, exited);
    await until("its end is told", () => stateOf(container) === "exited");
    await watched.fake.exit(container, 0);
    watched.fake.clearFaults();
    await watched.settle();
  });

  test("is looked at a moment later, and put right where it was wrong", async () => {
    const container = await watched.addContainer(pod);
    using clock = holdClock();
    await watched.start({ settleMs: 300 });
    await clock.passUntil("the first look is settled", () => watched.lists() === 2);
    tell(STOPPED, container, exited);
    await until("the end is told", () => stateOf(container) === "exited");
    await clock.passUntil("it is taken back", () => stateOf(container) === "running");
    expect(watched.since()).toEqual([
      `updated container ${container} event`,
      `updated container ${container} event`,
    ]);
    expect(watched.lists()).toBe(2);
  });

  test("is never told backwards, however late, often or misordered events come", async () => {
    const container = await watched.createContainer(pod);
    await watched.start();
    await watched.fake.runtime.startContainer({ containerId: container });
    await watched.fake.exit(container, 0);
    tell(STOPPED, container, exited);
    await until("its end is told", () => stateOf(container) === "exited");
    tell(STARTED, container, running, { createdAt: 1n });
    tell(CREATED, container, created);
    tell(STOPPED, container, exited);
    tell(STARTED, container, running);
    await watched.settle();
    expect(watched.since()).toEqual([`updated container ${container} event`]);
  });

  test("is told before a look that is older, and not taken back by it", async () => {
    const container = await watched.addContainer(pod);
    await watched.start();
    const letGo = await holdLook();
    await watched.fake.exit(container, 0);
    tell(STOPPED, container, exited);
    await until("its end is told", () => stateOf(container) === "exited");
    letGo();
    await watched.settle();
    expect(watched.since()).toEqual([`updated container ${container} event`]);
  });

  test("is told before a look that is older, and leaves a view by state for good", async () => {
    const container = await watched.addContainer(pod);
    await watched.start({}, { containers: { state: "running" } });
    const letGo = await holdLook();
    await watched.fake.exit(container, 0);
    tell(STOPPED, container, exited);
    await until("it is told to be gone", () => !watched.cache.containers.has(container));
    letGo();
    const later = await watched.addPod("b");
    watched.feed.tell(CREATED, later, later);
    await until("what comes after it is told", () => watched.cache.pods.has(later));
    expect(watched.since()).toEqual([`removed container ${container} event`, `added pod ${later} event`]);
  });

  test("is told once to a slow reader: how far it has come", async () => {
    const container = await watched.createContainer(pod);
    const changes = watched.open();
    for (let synced = false; !synced; ) {
      const { value } = await changes.next();
      if (value) watched.cache.take(value);
      synced = value?.type === "synced";
    }
    const other = await watched.addPod("b");
    watched.feed.tell(CREATED, other, other);
    const { value } = await changes.next();
    if (value) watched.cache.take(value);
    await watched.fake.runtime.startContainer({ containerId: container });
    tell(STARTED, container, running);
    await watched.fake.exit(container, 0);
    tell(STOPPED, container, exited);
    // What was told before this is answered has come.
    await watched.cri.runtime.version({});
    watched.end = watched.cache.follow(changes);
    await until("its end is told", () => stateOf(container) === "exited");
    await watched.settle();
    expect(watched.since()).toEqual([`added pod ${other} event`, `updated container ${container} event`]);
  });

  test("has it leave a view by state", async () => {
    const container = await watched.addContainer(pod);
    using clock = holdClock();
    await watched.start({ settleMs: 300 }, { containers: { state: "running" } });
    await clock.passUntil("the first look is settled", () => watched.lists() === 2);
    const before = watched.looks();
    await watched.fake.exit(container, 0);
    tell(STOPPED, container, exited);
    await until("it is told to be gone", () => !watched.cache.containers.has(container));
    expect(watched.looks()).toBe(before);
    await clock.passUntil("the pod is looked at", () => watched.looks() === before + 2);
    expect(watched.since()).toEqual([`removed container ${container} event`]);
  });

  test("has it stay in a view of several states", async () => {
    const container = await watched.createContainer(pod);
    await watched.start({}, { containers: { state: ["created", "running"] }, pods: false });
    const before = watched.looks();
    await watched.fake.runtime.startContainer({ containerId: container });
    tell(STARTED, container, running);
    await until("it is told to run", () => stateOf(container) === "running");
    expect(watched.since()).toEqual([`updated container ${container} event`]);
    expect(watched.looks()).toBe(before);
  });
});

test("a reader that leaves while a look is on its way ends it at the runtime", async () => {
  const container = await watched.addContainer(pod);
  let ended = 0;
  const before = watched.looks();
  watched.fake.onCall("listContainers", async (_request, { signal }) => {
    // The look that the event before has asked for: it does not end by itself.
    tell(STOPPED, container, exited);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    ended += 1;
    return {};
  });
  for await (const { type } of watched.open()) {
    if (type === "synced") tell(CREATED, "another", created);
    if (type === "updated") break;
  }
  await until("the look has ended", () => ended === 1);
  expect(watched.looks()).toBe(before + 3);
});

describe("what an event tells of a pod that is known", () => {
  test("is told without a look, as a list would tell it", async () => {
    await watched.start();
    const before = watched.looks();
    await stopPod();
    tellPod(STOPPED, notReady);
    await until("its end is told", () => watched.cache.pods.get(pod)?.listed.state === "notready");
    expect(watched.since()).toEqual([`updated pod ${pod} event`]);
    expect(watched.looks()).toBe(before);
    expect(await watched.cache.differences(watched.cri)).toEqual([]);
  });

  test("has it leave a view by state", async () => {
    await watched.start({}, { pods: { state: "ready" } });
    const before = watched.looks();
    await stopPod();
    tellPod(STOPPED, notReady);
    await until("it is told to be gone", () => !watched.cache.pods.has(pod));
    expect(watched.since()).toEqual([`removed pod ${pod} event`]);
    expect(watched.looks()).toBe(before);
  });

  test("is never told backwards", async () => {
    await stopPod();
    await watched.start();
    tellPod(STARTED, ready);
    tellPod(STOPPED, notReady);
    tellPod(STOPPED, ready);
    await watched.settle();
    expect(watched.since()).toEqual([]);
  });
});

describe("an event is no more than a reason to look", () => {
  test("where it is of a container that is not known, or not watched", async () => {
    await watched.start({}, { containers: { state: "running" } });
    const container = await watched.addContainer(pod);
    tell(STARTED, container, running);
    await until("it is told", () => watched.cache.containers.has(container));
    expect(watched.cache.containers.get(container)?.listed.metadata.name).toBe("main");
    expect(watched.since()).toEqual([`added container ${container} event`]);
  });

  test.each<[string, (container: string) => void]>([
    ["without statuses", (container) => watched.feed.tell(STOPPED, container, pod)],
    [
      "with statuses of others",
      (container) => tell(STOPPED, container, exited, { containersStatuses: [{ id: "x" }] }),
    ],
    ["that says two things", (container) => tell(STARTED, container, exited)],
    [
      "without a pod",
      (container) =>
        watched.feed.tell(STOPPED, container, undefined, {
          containersStatuses: [{ id: container, state: exited }],
        }),
    ],
    ["of a kind that is not known", (container) => tell(9 as ContainerEventType, container, exited)],
  ])("%s", async (_what, tellIt) => {
    const container = await watched.addContainer(pod);
    await watched.start();
    const before = watched.looks();
    await watched.fake.exit(container, 0);
    tellIt(container);
    await until("its end is told", () => stateOf(container) === "exited");
    expect(watched.looks()).toBeGreaterThan(before);
  });

  test("of a removal, whatever was last known of it", async () => {
    const container = await watched.addContainer(pod);
    await watched.start();
    await watched.removePod(pod);
    tell(DELETED, container, exited);
    tellPod(DELETED, notReady);
    await until("all are gone", () => watched.cache.pods.size + watched.cache.containers.size === 0);
    expect(watched.since()).toEqual([`removed container ${container} event`, `removed pod ${pod} event`]);
  });
});
