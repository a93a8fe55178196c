import { type CriClient, connect, type WatchOptions } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../support/until.js";
import { WatchCache } from "../../support/watch-cache.js";

const image = { image: "app:1" };

let fake: FakeRuntime;
let cri: CriClient;
let cache: WatchCache;
let left: AbortController;
let end: Promise<unknown>;

beforeEach(async () => {
  fake = await startFakeRuntime({ images: [image.image] });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
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

async function watch(options: WatchOptions): Promise<void> {
  end = cache.follow(cri.watch({ signal: left.signal, ...options }));
  await until("the first state is told", () => cache.told.includes("synced"));
}

const told = () => cache.told.filter((line) => line !== "synced").map((line) => line.split(" ").slice(0, 2));
const runPod = (name: string, namespace = "default") => cri.pods.run({ metadata: { name, namespace } });

// Without events the watch finds the same by listing all every second.
test.each([true, false])(
  "what leaves the filter is removed, what enters it added (events: %s)",
  async (events) => {
    const pod = await runPod("a");
    const there = await pod.runContainer({ metadata: { name: "there" }, image });
    await watch({ events, pods: false, containers: { state: "running" } });
    expect(cache.told).toEqual([`added container ${there.id} list`, "synced"]);
    const later = await pod.createContainer({ metadata: { name: "later" }, image });
    await fake.exit(there.id, 0);
    await until("the end is told", () => !cache.containers.has(there.id));
    await later.start();
    await until("the start is told", () => cache.containers.has(later.id));
    expect(cache.containers.get(later.id)?.listed.state).toBe("running");
    expect(told()).toEqual([
      ["added", "container"],
      ["removed", "container"],
      ["added", "container"],
    ]);
  },
);

test("a pod that is stopped enters a filter of stopped ones, and leaves it with its removal", async () => {
  await watch({ pods: { state: "notready" }, containers: false });
  const pod = await runPod("a");
  await pod.runContainer({ metadata: { name: "main" }, image });
  await pod.stop();
  await until("it is told", () => cache.pods.has(pod.id));
  await pod.remove();
  await until("its removal is told", () => !cache.pods.has(pod.id));
  expect(told()).toEqual([
    ["added", "pod"],
    ["removed", "pod"],
  ]);
});

test("pods and containers of one namespace, whatever goes on in others", async () => {
  const namespace = "mine";
  await watch({ pods: { namespace }, containers: { namespace } });
  const other = await runPod("other", "theirs");
  await other.runContainer({ metadata: { name: "main" }, image });
  const mine = await runPod("mine", namespace);
  const container = await mine.runContainer({ metadata: { name: "main" }, image });
  await until("mine is told", () => cache.containers.get(container.id)?.listed.state === "running");
  await other[Symbol.asyncDispose]();
  await mine[Symbol.asyncDispose]();
  await until("its end is told", () => cache.containers.size + cache.pods.size === 0);
  expect(cache.told.filter((line) => line.includes(other.id))).toEqual([]);
});

test("of one pod: the others are not even looked at", async () => {
  const [one, other] = [await runPod("one"), await runPod("other")];
  await watch({ pods: { id: one.id }, containers: { pod: one } });
  await until("the first state is settled", () => fake.calls.filter(isList).length >= 4);
  const before = fake.calls.filter(isList).length;
  await other.runContainer({ metadata: { name: "main" }, image });
  await other.stop();
  const container = await one.runContainer({ metadata: { name: "main" }, image });
  await until("its container is told", () => cache.containers.has(container.id));
  for (const { request } of fake.calls.filter(isList).slice(before)) {
    expect(
      JSON.stringify(request, (_key, value) => (typeof value === "bigint" ? `${value}` : value)),
    ).toContain(one.id);
  }
});

test("a filter that cannot be meant ends the watch at once, by its field", async () => {
  end = cache.follow(cri.watch({ containers: { image: "" } }));
  expect(await end).toMatchObject({ code: "invalid_argument", field: "image" });
  expect(await cache.follow(cri.watch({ pods: { id: "" } }))).toMatchObject({ field: "id" });
  expect(fake.calls.filter(isList)).toEqual([]);
});

const isList = ({ rpc }: { rpc: string }) => /^(list|stream)/.test(rpc);
