import { type CriClient, connect, InvalidArgumentError } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let fake: FakeRuntime;
let cri: CriClient;

beforeEach(async () => {
  fake = await startFakeRuntime({ images: ["web:1", "registry.test/tools/shell:2"] });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

/** Three pods in two namespaces; `web-a` has a container of each image, the latter ended, `db` has one. */
async function fill() {
  const run = (name: string, namespace: string, labels: Record<string, string>) =>
    cri.pods.run({ metadata: { name, namespace }, labels });
  const a = await run("web-a", "shop", { app: "web", canary: "" });
  const b = await run("web-b", "shop", { app: "web" });
  const db = await run("db", "data", { app: "db" });
  const add = (pod: typeof a, name: string, image: string, labels = {}) =>
    pod.runContainer({ metadata: { name }, image: { image }, labels });
  const main = await add(a, "main", "web:1", { tier: "front" });
  const helper = await add(a, "helper", "registry.test/tools/shell:2");
  const store = await add(db, "main", "registry.test/tools/shell:2", { tier: "" });
  await fake.exit(helper.id, 0);
  await b.stop();
  return { a, b, db, main, helper, store };
}

type PodsFilter = Parameters<CriClient["pods"]["list"]>[0];
type ContainersFilter = Parameters<CriClient["containers"]["list"]>[0];

const podNames = async (filter: PodsFilter) =>
  (await cri.pods.list(filter)).map(({ listed }) => listed.metadata.name);
const idsOf = async (filter: ContainersFilter) => (await cri.containers.list(filter)).map(({ id }) => id);

async function streamedNames(filter: Parameters<CriClient["pods"]["stream"]>[0]): Promise<string[]> {
  const names = [];
  for await (const { listed } of cri.pods.stream(filter)) names.push(listed.metadata.name);
  return names;
}

describe("pods", () => {
  test.each<[string, NonNullable<Parameters<CriClient["pods"]["stream"]>[0]>, string[]]>([
    ["by name, as a whole", { name: "web" }, []],
    ["by name", { name: "web-a" }, ["web-a"]],
    ["by a pattern of the name", { name: /^web/ }, ["web-b", "web-a"]],
    ["by a pattern with the flag g, as by one without", { name: /web/g }, ["web-b", "web-a"]],
    ["by namespace", { namespace: "shop" }, ["web-b", "web-a"]],
    ["by a pattern of the namespace", { namespace: /^D/i }, ["db"]],
    ["by one state", { state: "notready" }, ["web-b"]],
    ["by any of several states", { state: ["ready", "notready"] }, ["db", "web-b", "web-a"]],
    ["by labels, each", { labels: { app: "web", canary: "" } }, ["web-a"]],
    ["by a label of whatever value", { labels: { canary: true } }, ["web-a"]],
    ["by no label at all", { labels: {} }, ["db", "web-b", "web-a"]],
    ["by all of it", { name: /b$/, namespace: "shop", labels: { app: true } }, ["web-b"]],
  ])("%s: `list` and `stream` give the same", async (_what, filter, names) => {
    await fill();
    expect(await podNames(filter)).toEqual(names);
    expect(await streamedNames(filter)).toEqual(names);
  });

  test("by the beginning of an ID, also where that is of more than one", async () => {
    const { a, b, db } = await fill();
    expect(await podNames({ id: a.id.slice(0, 20) })).toEqual(["web-a"]);
    const first = a.id.slice(0, 1);
    const alike = [db, b, a].filter(({ id }) => id.startsWith(first)).map(({ id }) => id);
    expect((await cri.pods.list({ id: first })).map(({ id }) => id)).toEqual(alike);
  });

  test("the last few, sorted as asked for", async () => {
    await fill();
    expect(await podNames({ last: 2 })).toEqual(["db", "web-b"]);
    expect(await podNames({ last: 9 })).toEqual(["db", "web-b", "web-a"]);
    expect(await podNames({ latest: true })).toEqual(["db"]);
    expect(await podNames({ latest: true, namespace: "shop" })).toEqual(["web-b"]);
    expect(await podNames({ last: 2, sort: "oldest" })).toEqual(["web-b", "db"]);
    expect(await podNames({ sort: "name" })).toEqual(["db", "web-a", "web-b"]);
  });
});

describe("containers", () => {
  test("by their pod, as a handle, an ID or the beginning of it", async () => {
    const { a, main, helper } = await fill();
    const ids = [helper.id, main.id];
    for (const pod of [a, a.id, a.id.slice(0, 20)]) expect(await idsOf({ pod })).toEqual(ids);
    expect(await idsOf({ pod: a, name: "main" })).toEqual([main.id]);
    expect((await a.containers({ name: /^h/ })).map(({ id }) => id)).toEqual([helper.id]);
  });

  test("by the namespace of their pod", async () => {
    const { main, helper, store } = await fill();
    expect(await idsOf({ namespace: "shop" })).toEqual([helper.id, main.id]);
    expect(await idsOf({ namespace: /^dat/ })).toEqual([store.id]);
    expect(await idsOf({ namespace: "elsewhere" })).toEqual([]);
  });

  test("by image: short and whole name, digest, ID, the beginning of that", async () => {
    const { main, helper, store } = await fill();
    const image = await cri.images.status("registry.test/tools/shell:2");
    const { id = "", repoDigests = [] } = image ?? {};
    const hex = id.replace("sha256:", "");
    const names = ["registry.test/tools/shell:2", repoDigests[0] ?? "", id, hex, hex.slice(0, 12)];
    for (const image of names) expect(await idsOf({ image })).toEqual([store.id, helper.id]);
    for (const image of ["web:1", "docker.io/library/web:1"])
      expect(await idsOf({ image })).toEqual([main.id]);
    expect(await idsOf({ image: "web" })).toEqual([]);
  });

  test("by image, also when it is no longer there", async () => {
    const { main } = await fill();
    const { id = "" } = (await cri.images.status("web:1")) ?? {};
    await cri.images.remove("web:1");
    for (const image of ["web:1", id]) expect(await idsOf({ image })).toEqual([main.id]);
  });

  test("by states and labels", async () => {
    const { main, helper, store } = await fill();
    expect(await idsOf({ state: "exited" })).toEqual([helper.id]);
    expect(await idsOf({ state: ["exited", "created"] })).toEqual([helper.id]);
    expect(await idsOf({ state: ["exited", "running"] })).toEqual([store.id, helper.id, main.id]);
    expect(await idsOf({ labels: { tier: "" } })).toEqual([store.id]);
    expect(await idsOf({ labels: { tier: true } })).toEqual([store.id, main.id]);
  });

  test("`stream` gives those of `list`", async () => {
    await fill();
    const filter = { namespace: "shop", image: "registry.test/tools/shell:2", state: "exited" } as const;
    const streamed = [];
    for await (const { id } of cri.containers.stream(filter)) streamed.push(id);
    expect(streamed).toEqual(await idsOf(filter));
    expect(streamed.length).toBe(1);
  });

  test("the runtime is asked for no more than it can filter", async () => {
    const { a, main } = await fill();
    const asked = async (filter: ContainersFilter) => {
      await cri.containers.list(filter);
      const request = fake.calls.at(-1)?.request as { filter: object };
      return request.filter;
    };
    expect(await asked({ id: main.id, pod: a, state: "running", labels: { a: "b", c: true } })).toMatchObject(
      {
        id: main.id,
        podSandboxId: a.id,
        state: { state: 1 },
        labelSelector: { a: "b" },
      },
    );
    const less = await asked({
      id: main.id.slice(0, 9),
      pod: a.id.slice(0, 9),
      state: ["running", "exited"],
    });
    expect(less).toMatchObject({ id: "", podSandboxId: "" });
    expect(less).not.toHaveProperty("state");
  });
});

describe("a filter that cannot be meant", () => {
  test.each<[string, object]>([
    ["id", { id: "" }],
    ["name", { name: "" }],
    ["name", { name: 3 }],
    ["namespace", { namespace: "" }],
    ["state", { state: "running" }],
    ["state", { state: [] }],
    ["state", { state: ["ready", "Ready"] }],
    ['labels["app"]', { labels: { app: false } }],
    ["last", { last: 0 }],
    ["last", { last: 1.5 }],
    ["latest", { last: 2, latest: true }],
    ["sort", { sort: "size" }],
    ["image", { image: "nginx" }],
    ["nmae", { nmae: "a" }],
  ])("of pods is refused by its field: %s in %o", async (field, filter) => {
    const refused = cri.pods.list(filter);
    await expect(refused).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(refused).rejects.toMatchObject({ field });
    expect(fake.calls.filter(({ rpc }) => rpc !== "version")).toEqual([]);
  });

  test.each<[string, object]>([
    ["pod", { pod: "" }],
    ["pod", { pod: { id: "" } }],
    ["state", { state: "ready" }],
    ["image", { image: "Not A Name" }],
    ["image", { image: "" }],
    ["podId", { podId: "abc" }],
    ["last", { last: 1 }],
  ])("of containers is refused by its field: %s in %o", async (field, filter) => {
    await expect(cri.containers.stream(filter).next()).rejects.toMatchObject({
      code: "invalid_argument",
      field,
    });
    expect(fake.calls.filter(({ rpc }) => rpc !== "version")).toEqual([]);
  });
});
