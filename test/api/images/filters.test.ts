import { type CriClient, connect, type ImageFilter } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

let fake: FakeRuntime;
let cri: CriClient;

beforeEach(async () => {
  // Of one build each, in this order; the tag of the first has moved to the last.
  const contents: Record<string, string> = { "docker.io/library/web:1": "old" };
  fake = await startFakeRuntime({ registry: (ref) => contents[ref] ?? ref });
  cri = await connect(fake.endpoint);
  for (const ref of ["web:1", "quay.test/tools/shell:2", "db"]) await cri.images.pull(ref);
  contents["docker.io/library/web:1"] = "new";
  await cri.images.pull("web:1");
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

const nameOf = ({ repoTags: [tag] }: { repoTags: readonly string[] }) => tag?.split("/").at(-1) ?? "none";

test.each<[string, ImageFilter, string[]]>([
  ["nothing", {}, ["db:latest", "web:1", "shell:2", "none"]],
  ["a short name", { image: "db" }, ["db:latest"]],
  ["a pattern of the name", { reference: /^docker\.io\/library\/web[:@]/ }, ["web:1", "none"]],
  ["a pattern of the tag", { reference: /:2$/g }, ["shell:2"]],
  ["a pattern of the digest", { reference: /@sha256:/ }, ["db:latest", "web:1", "shell:2", "none"]],
  ["having no tag", { dangling: true }, ["none"]],
  ["having a tag", { dangling: false }, ["db:latest", "web:1", "shell:2"]],
  ["having been built before another", { before: "quay.test/tools/shell:2" }, ["none"]],
  ["having been built since another", { since: "quay.test/tools/shell:2" }, ["db:latest", "web:1"]],
  ["having been built between two", { since: "quay.test/tools/shell:2", before: "web:1" }, ["db:latest"]],
  ["two things at once", { since: "db", dangling: true }, []],
  ["a name and something else", { image: "db", dangling: true }, []],
])("by %s: `list` by name, `stream` the same", async (_what, filter, names) => {
  expect((await cri.images.list(filter)).map(nameOf)).toEqual(names);
  const streamed = [];
  for await (const image of cri.images.stream(filter)) streamed.push(nameOf(image));
  expect(streamed.sort()).toEqual([...names].sort());
});

test("by digest, ID and the beginning of an ID", async () => {
  const image = await cri.images.status("db");
  const { id = "", repoDigests = [] } = image ?? {};
  for (const name of [repoDigests[0] ?? "", id, id.slice(7), id.slice(7, 17)]) {
    expect((await cri.images.list({ image: name })).map(nameOf)).toEqual(["db:latest"]);
  }
});

test.each<[string, object]>([
  ["image", { image: "" }],
  ["image", { image: "Not A Name" }],
  ["reference", { reference: "web" }],
  ["dangling", { dangling: "true" }],
  ["before", { before: "Not A Name" }],
  ["since", { since: "" }],
  ["dryRun", { dryRun: true }],
])("a filter that cannot be meant is refused by its field: %s in %o", async (field, filter) => {
  const before = fake.calls.length;
  for (const refused of [
    cri.images.list(filter),
    cri.images.stream(filter).next(),
    cri.images.prune(filter),
  ]) {
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument", field });
  }
  expect(fake.calls.length).toBe(before);
});

test("an image to compare with must be there", async () => {
  await expect(cri.images.list({ before: "nothing:1" })).rejects.toMatchObject({ code: "not_found" });
});

test("one that does not tell when it was built is neither before nor since, and nothing compares with it", async () => {
  const { id = "" } = (await cri.images.status("db")) ?? {};
  fake.onCall("imageStatus", async ({ image }, { next }) => ({
    ...(await next()),
    ...(image?.image === id ? { info: {} } : {}),
  }));
  expect((await cri.images.list({ since: "quay.test/tools/shell:2" })).map(nameOf)).toEqual(["web:1"]);
  expect((await cri.images.list({ before: "web:1" })).map(nameOf)).toEqual(["shell:2", "none"]);
  await expect(cri.images.list({ since: "db" })).rejects.toMatchObject({ code: "failed_precondition" });
});
