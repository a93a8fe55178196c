import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { type Front, startFront } from "./support/front.js";
import { archiveLayer, type Image, idOf, image, type Layer, layer, push } from "./support/images.js";
import { type Registry, startRegistry, storedBlob } from "./support/registry.js";
import { storedLayers } from "./support/store.js";

let test: TestRuntime;
let registry: Registry;
let front: Front;
let base: Layer;
let app: Layer;

beforeAll(async () => {
  test = await startTestRuntime();
  registry = await startRegistry();
});

beforeEach(async () => {
  front = await startFront(registry);
  base = await layer({ "/base": randomBytes(100_000) });
  app = await layer({ "/app": randomBytes(100_000) });
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

async function offer(made: Image): Promise<string> {
  await push(registry.host, "damage/a:1", made);
  return `${front.host}/damage/a:1`;
}

async function pull(reference: string): Promise<string> {
  return (await test.images.pullImage({ image: { image: reference } })).imageRef;
}

describe("a layer", () => {
  it.each(["corrupt", "truncate"] as const)("that arrives %s is fetched again", async (fault) => {
    const reference = await offer(image([base, app]));
    front.spoil(app.digest, fault, 1);
    expect(await pull(reference)).toBe(idOf(image([base, app])));
  });

  it.each(["corrupt", "truncate"] as const)("that always arrives %s fails clearly", async (fault) => {
    const reference = await offer(image([base, app]));
    front.spoil(app.digest, fault);
    await expect(pull(reference)).rejects.toMatchObject({ code: "data_loss" });
    front.spoil(app.digest, fault, 0);
    expect(await pull(reference)).toBe(idOf(image([base, app])));
  });

  it("that the registry has damaged on its disk fails clearly until it is mended there", async () => {
    const reference = await offer(image([base, app]));
    const stored = storedBlob(registry, app.digest);
    const whole = await readFile(stored);
    await truncate(stored, whole.length - 10);
    await expect(pull(reference)).rejects.toMatchObject({ code: "data_loss" });
    await writeFile(stored, whole);
    expect(await pull(reference)).toBe(idOf(image([base, app])));
  });

  it("whose archive is not what the configuration says leaves nothing", async () => {
    const lying = { ...app, diffId: base.diffId };
    const pulled = pull(await offer(image([base, lying])));
    await expect(pulled).rejects.toMatchObject({ code: "data_loss" });
    await expect(pulled).rejects.toThrow(app.digest);
  });

  it("that is no archive at all leaves nothing of itself and of the layers below", async () => {
    const nonsense = archiveLayer(randomBytes(5000), "gzip");
    await expect(pull(await offer(image([base, nonsense])))).rejects.toThrow("could not be unpacked");
    expect(await storedLayers(test)).toEqual({ chainIds: [], strays: [] });
  });

  it("compressed with zstd is unpacked like any other", async () => {
    const zstd = await layer({ "/app": "in zstd" }, "zstd");
    expect(await pull(await offer(image([base, zstd])))).toBe(idOf(image([base, zstd])));
    const files = join(test.config.root, "layers");
    const { stdout } = await runCommand("grep", ["--recursive", "--no-filename", "in zstd", files]);
    expect(stdout.trim()).toBe("in zstd");
  });

  it("of an unknown type is refused before anything is fetched", async () => {
    const mediaType = "application/vnd.oci.image.layer.v1.tar+encrypted";
    const pulled = pull(await offer(image([base, { ...app, mediaType }])));
    await expect(pulled).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(pulled).rejects.toThrow(mediaType);
    expect(front.fetches(base.digest)).toBe(0);
  });
});

it("a configuration that does not match the manifest is fetched again, and refused the second time", async () => {
  const made = image([base]);
  const reference = await offer(made);
  front.spoil(idOf(made), "corrupt", 1);
  expect(await pull(reference)).toBe(idOf(made));
  await test.images.removeImage({ image: { image: reference } });
  front.spoil(idOf(made), "corrupt");
  await expect(pull(reference)).rejects.toMatchObject({ code: "data_loss" });
});

it("a manifest that lists another number of layers than the configuration is refused", async () => {
  const both = image([base, app]);
  const { config } = both;
  const lying = image([base]);
  const text = lying.manifest.bytes.toString().replace(lying.config?.digest ?? "", config?.digest ?? "");
  const bytes = Buffer.from(text.replace(`"size":${lying.config?.size}`, `"size":${config?.size}`));
  await push(registry.host, "damage/a:1", both);
  const manifest = { ...lying.manifest, bytes, digest: "" };
  await push(registry.host, "damage/a:1", { manifest, blobs: [], children: [] });
  await expect(pull(`${front.host}/damage/a:1`)).rejects.toThrow(
    "has 1 layers and its configuration lists 2",
  );
});

it("a layer that was lost from the store is fetched again after a restart", async () => {
  const reference = await offer(image([base, app]));
  await pull(reference);
  await test.restart(async () => {
    await rm(join(test.config.root, "layers"), { recursive: true });
  });
  expect((await test.images.imageStatus({ image: { image: reference } })).image).toBeUndefined();
  expect(await pull(reference)).toBe(idOf(image([base, app])));
  expect((await storedLayers(test)).chainIds).toHaveLength(2);
});

describe("on a full disk", () => {
  let small: TestRuntime;
  const root = join(tmpdir(), `crikit-small-${process.pid}`);

  beforeAll(async () => {
    await mkdir(root);
    await runCommand("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", root]);
    small = await startTestRuntime({ root: join(root, "root") });
  });

  afterAll(async () => {
    expect(await small.end()).toEqual([]);
    await runCommand("umount", [root]);
    await rm(root, { recursive: true });
  });

  async function pullBig(made: Image) {
    return small.images.pullImage({ image: { image: await offer(made) } });
  }

  it("a pull that has no room to download says so and leaves nothing", async () => {
    const big = await layer({ "/big": randomBytes(4_000_000) });
    const pulled = pullBig(image([base, big]));
    await expect(pulled).rejects.toMatchObject({ code: "resource_exhausted" });
    await expect(pulled).rejects.toThrow("no space left on device");
    expect(await storedLayers(small)).toEqual({ chainIds: [], strays: [] });
  });

  it("a pull that has no room to unpack says so and leaves nothing, and the next fits", async () => {
    const zeros = await layer({ "/zeros": Buffer.alloc(4_000_000) });
    const pulled = pullBig(image([base, zeros]));
    await expect(pulled).rejects.toMatchObject({ code: "resource_exhausted" });
    await expect(pulled).rejects.toThrow("no space left on device");
    expect(await storedLayers(small)).toEqual({ chainIds: [], strays: [] });
    expect((await pullBig(image([base, app]))).imageRef).toBe(idOf(image([base, app])));
  });

  it("that has no room for a byte more, a pull says so, and the next one works", async () => {
    await pullBig(image([app]));
    const filler = join(root, "filler");
    await runCommand("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k", "status=none"]).catch(() => {});
    const pulled = pullBig(image([base]));
    await expect(pulled).rejects.toMatchObject({ code: "resource_exhausted" });
    await expect(pulled).rejects.toThrow("no space left on device");
    const { imageFilesystems } = await small.images.imageFsInfo({});
    expect(imageFilesystems[0]?.usedBytes?.value).toBeGreaterThan(100_000n);
    await rm(filler);
    expect(await storedLayers(small)).toMatchObject({ strays: [] });
    expect((await pullBig(image([base]))).imageRef).toBe(idOf(image([base])));
  });
});
