import { type CriClient, CriError, connect } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deferred } from "../../../src/async/deferred.js";
import { until } from "../../support/until.js";

let fake: FakeRuntime;
let cri: CriClient;
let contents: Record<string, string>;

beforeEach(async () => {
  contents = {};
  fake = await startFakeRuntime({
    images: ["used:1", "unused:1", "unused:2"],
    registry: (ref) => contents[ref] ?? ref,
  });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

async function runContainer(image: string) {
  const pod = await cri.pods.run({ metadata: { name: image.replace(/\W/g, "-") } });
  return pod.runContainer({ metadata: { name: "main" }, image: { image } });
}

const nameOf = ({ repoTags: [tag] }: { repoTags: readonly string[] }) => tag?.split("/").at(-1) ?? "none";
const names = async () => (await cri.images.list()).map(nameOf);

test("what no container was made from goes; that of one that has ended stays", async () => {
  const container = await runContainer("used:1");
  await fake.exit(container.id, 0);
  const { removed, sizeBytes, failed } = await cri.images.prune();
  expect(removed.map(nameOf)).toEqual(["unused:1", "unused:2"]);
  expect(sizeBytes).toBe(removed.reduce((sum, image) => sum + image.sizeBytes, 0));
  expect(failed).toEqual([]);
  expect(await names()).toEqual(["used:1"]);
});

test("a dry run tells the same and removes nothing", async () => {
  await runContainer("used:1");
  const { removed } = await cri.images.prune({}, { dryRun: true });
  expect(removed.map(nameOf)).toEqual(["unused:1", "unused:2"]);
  expect(await names()).toEqual(["unused:1", "unused:2", "used:1"]);
});

test("only what meets the filter goes", async () => {
  contents["docker.io/library/unused:1"] = "moved";
  await cri.images.pull("unused:1");
  expect((await cri.images.prune({ dangling: true })).removed.map(nameOf)).toEqual(["none"]);
  expect((await cri.images.prune({ reference: /unused:2/ })).removed.map(nameOf)).toEqual(["unused:2"]);
  expect(await names()).toEqual(["unused:1", "used:1"]);
});

test("a container spares its image and the one that has its name by now", async () => {
  await runContainer("used:1");
  contents["docker.io/library/used:1"] = "moved";
  await cri.images.pull("used:1");
  expect((await cri.images.prune()).removed.map(nameOf)).toEqual(["unused:1", "unused:2"]);
  expect(await names()).toEqual(["used:1", "none"]);
});

test("pinned images and the pause image of a runtime that does not pin it stay", async () => {
  fake.onCall("listImages", async (_request, { next }) => {
    const { images = [] } = await next();
    return {
      images: images.map((image) => ({
        ...image,
        pinned: image.repoTags?.[0]?.endsWith("unused:1") ?? false,
      })),
    };
  });
  fake.fault("streamImages", { error: "unsupported" }, { times: Number.POSITIVE_INFINITY });
  fake.onCall("status", async (_request, { next }) => ({
    ...(await next()),
    info: { config: JSON.stringify({ sandboxImage: "unused:2" }) },
  }));
  expect((await cri.images.prune()).removed.map(nameOf)).toEqual(["used:1"]);
});

test("an image that is being pulled stays, also when the pull ends meanwhile", async () => {
  const [pulling, pulled, listed] = [deferred<void>(), deferred<void>(), deferred<void>()];
  fake.onCall("pullImage", async (_request, { next }) => {
    pulling.resolve();
    await pulled.promise;
    return next();
  });
  fake.onCall("streamContainers", async function* (_request, { next }) {
    listed.resolve();
    await pulled.promise;
    yield* next();
  });
  const pull = cri.images.pull("unused:1");
  await pulling.promise;
  const pruning = cri.images.prune();
  await listed.promise;
  pulled.resolve();
  await pull;
  expect((await pruning).removed.map(nameOf)).toEqual(["unused:2", "used:1"]);
  expect((await cri.images.prune()).removed.map(nameOf)).toEqual(["unused:1"]);
});

test("one that cannot be removed is told, and the others go", async () => {
  fake.onCall("removeImage", async ({ image }, { next }) => {
    const { repoTags = [] } = (await cri.images.status(image?.image ?? "")) ?? {};
    if (repoTags[0]?.endsWith("unused:1")) throw new CriError("failed_precondition", "it is in use");
    return next();
  });
  const { removed, failed } = await cri.images.prune();
  expect(removed.map(nameOf)).toEqual(["unused:2", "used:1"]);
  expect(failed.map(({ image }) => nameOf(image))).toEqual(["unused:1"]);
  expect(failed[0]?.error).toMatchObject({ code: "failed_precondition" });
});

test("its time is for all of it", async () => {
  fake.onCall("removeImage", async (_request, { next, signal }) => {
    await until("the end is seen", () => signal.aborted);
    return next();
  });
  await expect(cri.images.prune({}, { timeoutMs: 300 })).rejects.toMatchObject({ code: "deadline_exceeded" });
});

test("an abort ends it with the signal's own reason, and what comes after stays", async () => {
  const controller = new AbortController();
  fake.onCall("removeImage", async (_request, { next, signal }) => {
    const answer = await next();
    controller.abort(new Error("enough"));
    await until("the abort is seen", () => signal.aborted);
    return answer;
  });
  await expect(cri.images.prune({}, { signal: controller.signal })).rejects.toThrow("enough");
  expect(await names()).toEqual(["unused:2", "used:1"]);
});
