import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";

import { until } from "../../support/until.js";
import { type KillableRuntime, startKillableRuntime } from "../support/killable-runtime.js";
import { type Front, startFront } from "./support/front.js";
import { type Image, idOf, image, layer, push } from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";
import { imagePrograms, storedLayers } from "./support/store.js";

let daemon: KillableRuntime;
let registry: Registry;
let front: Front;
let made: Image;
const place = () => ({ config: { root: join(daemon.directory, "root") } });

beforeAll(async () => {
  daemon = await startKillableRuntime();
  registry = await startRegistry();
  made = image([await layer({ "/big": randomBytes(8_000_000) }), await layer({ "/app": "app" })]);
  await push(registry.host, "killed/a:1", made);
});

beforeEach(async () => {
  front = await startFront(registry);
});

afterEach(() => front[Symbol.asyncDispose]());

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  expect(await daemon.end()).toEqual([]);
});

async function pull(): Promise<string> {
  return (await daemon.images.pullImage({ image: { image: `${front.host}/killed/a:1` } })).imageRef;
}

it.each(["manifests/1", "config", "layer"])(
  "a daemon killed while it waits for %s takes skopeo with it, and the next one starts clean",
  async (what) => {
    const digests: Record<string, string> = { config: idOf(made), layer: made.blobs[2]?.digest ?? "" };
    const held = front.hold(digests[what] ?? "1");
    const lost = pull();
    lost.catch(() => {});
    await held.asked;
    expect(await imagePrograms(place())).toHaveLength(1);
    await daemon.kill();
    await expect(lost).rejects.toMatchObject({ code: "unavailable" });
    await until("no program is left", async () => (await imagePrograms(place())).length === 0);
    await daemon.restart();
    expect(await storedLayers(place())).toEqual({ chainIds: [], strays: [] });
    held.release();
    expect(await pull()).toBe(idOf(made));
    await daemon.images.removeImage({ image: { image: idOf(made) } });
  },
);

it("a daemon killed at any moment of a pull leaves an image that is whole or not there", async () => {
  for (let ms = 0; ms < 600; ms += 60) {
    const lost = pull().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, ms));
    await daemon.restart();
    await lost;
    const { images } = await daemon.images.listImages({});
    expect(await storedLayers(place())).toMatchObject({ strays: [] });
    expect((await storedLayers(place())).chainIds).toHaveLength(images.length * 2);
    expect(await imagePrograms(place())).toEqual([]);
    await daemon.images.removeImage({ image: { image: idOf(made) } });
  }
  expect(await pull()).toBe(idOf(made));
});
