import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { hostArchitecture, type Image, idOf, image, index, layer, push } from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";
import { storedLayers } from "./support/store.js";

let test: TestRuntime;
let registry: Registry;
let first: Image;
let second: Image;

beforeAll(async () => {
  test = await startTestRuntime();
  registry = await startRegistry();
  first = image([await layer({ "/a": "first" })]);
  second = image([await layer({ "/a": "second" })]);
});

afterEach(async () => {
  for (const { id } of (await test.images.listImages({})).images) {
    await test.images.removeImage({ image: { image: id } });
  }
  expect(await storedLayers(test)).toEqual({ chainIds: [], strays: [] });
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

async function pull(reference: string): Promise<string> {
  return (await test.images.pullImage({ image: { image: reference } })).imageRef;
}

async function status(reference: string) {
  return (await test.images.imageStatus({ image: { image: reference } })).image;
}

describe("PullImage", () => {
  it("answers with the digest of the configuration, which is the image's ID", async () => {
    const reference = await push(registry.host, "names/a:1", first);
    expect(await pull(reference)).toBe(idOf(first));
    const found = await status(reference);
    expect(found?.id).toBe(idOf(first));
    expect(found?.repoTags).toEqual([reference]);
    expect(found?.repoDigests).toEqual([`${registry.host}/names/a@${first.manifest.digest}`]);
  });

  it("by digest gives no tag", async () => {
    await push(registry.host, "names/a:1", first);
    const reference = `${registry.host}/names/a@${first.manifest.digest}`;
    expect(await pull(reference)).toBe(idOf(first));
    const found = await status(reference);
    expect(found?.repoTags).toEqual([]);
    expect(found?.repoDigests).toEqual([reference]);
  });

  it("by tag and digest takes the digest, and leaves the tag to the image that has it", async () => {
    await push(registry.host, "names/a:1", first);
    await push(registry.host, "names/a:1", second);
    await pull(`${registry.host}/names/a:1`);
    const reference = `${registry.host}/names/a:1@${first.manifest.digest}`;
    expect(await pull(reference)).toBe(idOf(first));
    const found = await status(reference);
    expect(found?.repoTags).toEqual([]);
    expect(found?.repoDigests).toEqual([`${registry.host}/names/a@${first.manifest.digest}`]);
    expect((await status(`${registry.host}/names/a:1`))?.id).toBe(idOf(second));
  });

  it("of a tag that has moved takes the tag from the image that had it, which stays under its digest", async () => {
    const reference = await push(registry.host, "names/moving:1", first);
    await pull(reference);
    await push(registry.host, "names/moving:1", second);
    expect(await pull(reference)).toBe(idOf(second));
    expect((await status(reference))?.id).toBe(idOf(second));
    const old = await status(idOf(first));
    expect(old?.repoTags).toEqual([]);
    expect(old?.repoDigests).toEqual([`${registry.host}/names/moving@${first.manifest.digest}`]);
    expect((await test.images.listImages({})).images).toHaveLength(2);
  });

  it("of two tags of one image makes one image with both", async () => {
    const one = await push(registry.host, "names/a:1", first);
    const two = await push(registry.host, "names/b:2", first);
    expect(await pull(one)).toBe(await pull(two));
    const { images } = await test.images.listImages({});
    expect(images.map(({ repoTags }) => repoTags)).toEqual([[one, two]]);
    expect(images[0]?.repoDigests).toHaveLength(2);
  });

  it("from two registries gives one image with one ID", async () => {
    await using other = await startRegistry();
    const one = await push(registry.host, "names/a:1", first);
    const two = await push(other.host, "else/where:9", first);
    expect(await pull(one)).toBe(await pull(two));
    expect((await status(two))?.repoTags).toEqual([one, two]);
    expect((await storedLayers(test)).chainIds).toHaveLength(1);
  });

  it("of Docker's schema 2 keeps Docker's own digests", async () => {
    const docker = image([await layer({ "/a": "docker" })], { docker: true, config: { User: "7:8" } });
    const reference = await push(registry.host, "names/docker:1", docker);
    expect(await pull(reference)).toBe(idOf(docker));
    const found = await status(reference);
    expect(found?.repoDigests).toEqual([`${registry.host}/names/docker@${docker.manifest.digest}`]);
    expect(found?.uid?.value).toBe(7n);
  });

  it("of an index names the image by the index's digest and counts what it takes in the registry", async () => {
    const both = index([{ image: first, platform: { os: "linux", architecture: hostArchitecture } }]);
    const reference = await push(registry.host, "names/index:1", both);
    expect(await pull(reference)).toBe(idOf(first));
    const found = await status(reference);
    expect(found?.repoDigests).toEqual([`${registry.host}/names/index@${both.manifest.digest}`]);
    const parts = [both.manifest, first.manifest, ...first.blobs];
    expect(found?.size).toBe(BigInt(parts.reduce((sum, { size }) => sum + size, 0)));
  });

  it("of a tag whose image is here asks for nothing but the manifest", async () => {
    const one = await push(registry.host, "names/a:1", first);
    await pull(one);
    const before = (await registry.log()).length;
    await pull(one);
    const asked = (await registry.log()).slice(before).match(/"GET [^"]+"/g);
    expect(asked?.filter((line) => !line.includes("/v2/ "))).toEqual([
      '"GET /v2/names/a/manifests/1 HTTP/1.1"',
    ]);
  });

  it.each([
    ["", "invalid_argument", "image.image is empty"],
    ["localhost/UPPER", "invalid_argument", "must be lower-case"],
    ["a".repeat(64), "invalid_argument", "is an image ID"],
  ])("refuses the reference %j", async (reference, code, message) => {
    const pulled = pull(reference);
    await expect(pulled).rejects.toMatchObject({ code });
    await expect(pulled).rejects.toThrow(message);
  });

  it("of what the registry lacks is not found", async () => {
    await push(registry.host, "names/a:1", first);
    for (const missing of ["names/a:none", "names/none:1", `names/a@sha256:${"0".repeat(64)}`]) {
      await expect(pull(`${registry.host}/${missing}`)).rejects.toMatchObject({ code: "not_found" });
    }
  });
});

describe("ImageStatus", () => {
  it("gives equal messages by tag, digest, ID and prefix of the ID", async () => {
    const reference = await push(registry.host, "names/a:1", first);
    await pull(reference);
    const byTag = await status(reference);
    const digest = `${registry.host}/names/a@${first.manifest.digest}`;
    const hex = idOf(first).replace("sha256:", "");
    for (const name of [
      digest,
      idOf(first),
      hex,
      hex.slice(0, 12),
      `${reference}@${first.manifest.digest}`,
    ]) {
      expect(await status(name)).toEqual(byTag);
    }
  });

  it.each(["nothing.test/here:1", `sha256:${"0".repeat(64)}`, "0123456789ab"])(
    "of %s, which is missing, is an empty reply",
    async (reference) => {
      expect(await status(reference)).toBeUndefined();
    },
  );

  it.each([
    ["", undefined, ""],
    ["1000", 1000n, ""],
    ["1000:2000", 1000n, ""],
    ["web", undefined, "web"],
    ["web:staff", undefined, "web"],
  ])("of an image with user %j says so", async (User, uid, username) => {
    const made = image([await layer({ "/a": "user" })], { config: { User } });
    const reference = await push(registry.host, "names/user:1", made);
    await pull(reference);
    const found = await status(reference);
    expect([found?.uid?.value, found?.username]).toEqual([uid, username]);
  });
});

describe("ListImages", () => {
  it("with a filter gives the image that it names, or none", async () => {
    const one = await push(registry.host, "names/a:1", first);
    const two = await push(registry.host, "names/b:1", second);
    await pull(one);
    await pull(two);
    const list = async (reference: string) =>
      (await test.images.listImages({ filter: { image: { image: reference } } })).images.map(({ id }) => id);
    expect(await list(one)).toEqual([idOf(first)]);
    expect(await list(idOf(second))).toEqual([idOf(second)]);
    expect(await list("nothing.test/here:1")).toEqual([]);
    expect(await list("")).toHaveLength(2);
  });
});

describe("RemoveImage", () => {
  it("by one tag removes the image with all its names", async () => {
    const one = await push(registry.host, "names/a:1", first);
    const two = await push(registry.host, "names/b:2", first);
    await pull(one);
    await pull(two);
    await test.images.removeImage({ image: { image: two } });
    expect(await status(one)).toBeUndefined();
    expect((await test.images.listImages({})).images).toEqual([]);
  });

  it("of an image that is not there succeeds", async () => {
    await test.images.removeImage({ image: { image: "nothing.test/here:1" } });
  });

  it("without an image names the field", async () => {
    await expect(test.images.removeImage({})).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

it("images and their names outlive a restart", async () => {
  const reference = await push(registry.host, "names/a:1", first);
  await pull(reference);
  const before = await status(reference);
  await test.restart();
  expect(await status(reference)).toEqual(before);
});
