import { randomBytes } from "node:crypto";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { until } from "../../support/until.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { type Front, startFront } from "./support/front.js";
import { type Image, idOf, image, type Layer, layer, push } from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";
import { imagePrograms, storedLayers } from "./support/store.js";

let test: TestRuntime;
let registry: Registry;
let front: Front;
let base: Layer;
let app: Layer;
let other: Layer;

beforeAll(async () => {
  test = await startTestRuntime();
  registry = await startRegistry();
  base = await layer({ "/base": randomBytes(200_000) });
  app = await layer({ "/app": "app" });
  other = await layer({ "/other": "other" });
});

beforeEach(async () => {
  front = await startFront(registry);
});

afterEach(async () => {
  await front[Symbol.asyncDispose]();
  for (const { id } of (await test.images.listImages({})).images) {
    await test.images.removeImage({ image: { image: id } });
  }
  expect(await storedLayers(test)).toEqual({ chainIds: [], strays: [] });
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

/** Puts an image in the registry, and gives its name at the front. */
async function offer(name: string, made: Image): Promise<string> {
  await push(registry.host, name, made);
  return `${front.host}/${name}`;
}

async function pull(reference: string, signal?: AbortSignal): Promise<string> {
  const request = { image: { image: reference } };
  return (await test.images.pullImage(request, signal && { signal })).imageRef;
}

async function layerCount(): Promise<number> {
  return (await storedLayers(test)).chainIds.length;
}

describe("layers", () => {
  it("that two images have in common are fetched once and kept once", async () => {
    await pull(await offer("sharing/one:1", image([base, app])));
    await pull(await offer("sharing/two:1", image([base, other])));
    expect(front.fetches(base.digest)).toBe(1);
    expect(await layerCount()).toBe(3);
  });

  it("of the same content in another order are not shared: what lies below counts", async () => {
    await pull(await offer("sharing/one:1", image([app, other])));
    await pull(await offer("sharing/two:1", image([other, app])));
    expect(await layerCount()).toBe(4);
  });

  it("may occur twice in one image", async () => {
    await pull(await offer("sharing/twice:1", image([app, other, app])));
    expect(await layerCount()).toBe(3);
    await pull(await offer("sharing/longer:1", image([app, other, app, base, app])));
    expect(await layerCount()).toBe(5);
  });

  it("of a removed image stay for a pull under way that counts on them", async () => {
    const one = await offer("sharing/one:1", image([base]));
    await pull(one);
    const held = front.hold(app.digest);
    const pulled = pull(await offer("sharing/two:1", image([base, app])));
    await held.asked;
    await test.images.removeImage({ image: { image: one } });
    expect(await layerCount()).toBe(1);
    held.release();
    await pulled;
    expect(front.fetches(base.digest)).toBe(1);
  });

  it("are shared although one image has them compressed and the other not", async () => {
    const plain = await layer({ "/app": "app" }, "none");
    expect(plain.diffId).toBe(app.diffId);
    await pull(await offer("sharing/one:1", image([base, app])));
    await pull(await offer("sharing/two:1", image([base, plain, other])));
    expect(front.fetches(plain.digest)).toBe(0);
    expect(await layerCount()).toBe(3);
  });
});

describe("pulls at the same time", () => {
  it("of one image fetch it once", async () => {
    const made = image([base, app]);
    const reference = await offer("sharing/one:1", made);
    const held = front.hold(app.digest);
    const pulls = Array.from({ length: 5 }, () => pull(reference));
    await held.asked;
    await until("all have seen the configuration", () => front.fetches(idOf(made)) === 5);
    held.release();
    expect(new Set(await Promise.all(pulls))).toEqual(new Set([idOf(made)]));
    expect(front.fetches(app.digest)).toBe(1);
    expect(front.fetches(base.digest)).toBe(1);
  });

  it("of two images with a common base unpack the base once", async () => {
    const references = [
      await offer("sharing/one:1", image([base, app])),
      await offer("sharing/two:1", image([base, other])),
    ];
    await Promise.all(references.map((reference) => pull(reference)));
    expect(await layerCount()).toBe(3);
  });

  it("go on when one of the callers leaves", async () => {
    const made = image([base, app]);
    const reference = await offer("sharing/one:1", made);
    const held = front.hold(base.digest);
    const leaver = new AbortController();
    const [left, stayed] = [pull(reference, leaver.signal), pull(reference)];
    left.catch(() => {});
    await held.asked;
    await until("both have seen the configuration", () => front.fetches(idOf(made)) === 2);
    await until("only one call of skopeo is left", async () => {
      return (await storedLayers(test)).strays.filter((name) => name.includes("skopeo-")).length === 1;
    });
    leaver.abort();
    await expect(left).rejects.toThrow();
    held.release();
    expect(await stayed).toBe(idOf(made));
    expect(front.fetches(base.digest)).toBe(1);
  });

  it("of one base do not depend on each other: one is cancelled, the other gets there", async () => {
    const one = await offer("sharing/one:1", image([base, app]));
    const two = await offer("sharing/two:1", image([base, other]));
    const held = front.hold(app.digest);
    const leaver = new AbortController();
    const left = pull(one, leaver.signal);
    left.catch(() => {});
    await held.asked;
    const stayed = pull(two);
    leaver.abort();
    await expect(left).rejects.toThrow();
    await stayed;
    await until("nothing of the other is left", async () => (await storedLayers(test)).strays.length === 0);
    expect(await layerCount()).toBe(2);
  });
});

describe("a cancelled pull", () => {
  it.each(["manifests/1", "config", "base", "app"])(
    "that was waiting for %s leaves nothing, and the next one works",
    async (what) => {
      const made = image([base, app]);
      const digests: Record<string, string> = { config: idOf(made), base: base.digest, app: app.digest };
      const reference = await offer("sharing/one:1", made);
      const held = front.hold(digests[what] ?? "1");
      const caller = new AbortController();
      const cancelled = pull(reference, caller.signal);
      cancelled.catch(() => {});
      await held.asked;
      expect(await imagePrograms(test)).not.toEqual([]);
      caller.abort();
      await expect(cancelled).rejects.toThrow();
      await until("nothing is left", async () => {
        const { chainIds, strays } = await storedLayers(test);
        return [...chainIds, ...strays, ...(await imagePrograms(test))].length === 0;
      });
      expect((await test.images.listImages({})).images).toEqual([]);
      held.release();
      expect(await pull(reference)).toBe(idOf(made));
    },
  );

  it("leaves nothing at whatever moment it comes", async () => {
    const made = image([await layer({ "/big": randomBytes(4_000_000) }), base, app, other]);
    const reference = await offer("sharing/big:1", made);
    for (let ms = 0; ms < 300; ms += 30) {
      const cancelled = pull(reference, AbortSignal.timeout(ms));
      await cancelled.catch(() => {});
      await until("nothing is left", async () => {
        const { chainIds, strays } = await storedLayers(test);
        const { images } = await test.images.listImages({});
        return strays.length === 0 && chainIds.length === images.length * 4;
      });
      await test.images.removeImage({ image: { image: reference } });
    }
    expect(await pull(reference)).toBe(idOf(made));
  });
});

it("images that are pulled and removed at the same time are whole or not there", async () => {
  const one = await offer("sharing/one:1", image([base, app]));
  const two = await offer("sharing/two:1", image([base, app, other]));
  const repeat = async (times: number, work: () => Promise<unknown>) => {
    for (let i = 0; i < times; i++) await work();
  };
  await Promise.all([
    ...[one, one, two, two].map((reference) => repeat(8, () => pull(reference))),
    ...[one, two].map((image) => repeat(40, () => test.images.removeImage({ image: { image } }))),
  ]);
  const listed = (await test.images.listImages({})).images.map(({ id }) => id);
  const { chainIds, strays } = await storedLayers(test);
  expect(strays).toEqual([]);
  const has = (made: Image) => listed.includes(idOf(made));
  expect(chainIds).toHaveLength(has(image([base, app, other])) ? 3 : has(image([base, app])) ? 2 : 0);
  await pull(one);
  await pull(two);
  expect(await layerCount()).toBe(3);
});

it("a daemon that is closed during a pull has undone it when it is closed", async () => {
  const reference = await offer("sharing/one:1", image([base, app]));
  const held = front.hold(app.digest);
  const cut = pull(reference);
  cut.catch(() => {});
  await held.asked;
  await test.restart(async () => {
    expect(await imagePrograms(test)).toEqual([]);
    expect(await storedLayers(test)).toEqual({ chainIds: [], strays: [] });
  });
  await expect(cut).rejects.toThrow();
  held.release();
  await pull(reference);
});
