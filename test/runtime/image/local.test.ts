import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, expect, it } from "vitest";

import { imageSourceAnnotation } from "../../../src/image-source.js";
import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import {
  digestOf,
  hostArchitecture,
  type Image,
  idOf,
  image,
  index,
  layer,
  writeImageLayout,
} from "./support/images.js";
import { storedLayers } from "./support/store.js";

let test: TestRuntime;
let directory: string;
let made: Image;
let many: Image;

beforeAll(async () => {
  test = await startTestRuntime();
  directory = await mkdtemp(join(tmpdir(), "crikit-local-"));
  made = image([await layer({ "/a": "a" }), await layer({ "/b": "b" }, "none")]);
  const other = image([await layer({ "/c": "c" })], { architecture: "s390x" });
  const entry = (architecture: string, of: Image) => ({ image: of, platform: { os: "linux", architecture } });
  many = index([entry("s390x", other), entry(hostArchitecture, made)]);
  await writeImageLayout(join(directory, "one"), made);
  await writeImageLayout(join(directory, "many"), many);
  await runCommand("tar", ["-cf", join(directory, "one.tar"), "-C", join(directory, "one"), "."]);
  const blobs = ["blobs", "index.json", "oci-layout"];
  await runCommand("tar", ["-cf", join(directory, "many.tar"), "-C", join(directory, "many"), ...blobs]);
  const target = `docker-archive:${join(directory, "saved.tar")}:example.test/saved:1`;
  await runCommand("skopeo", ["--insecure-policy", "copy", "-q", `oci:${join(directory, "one")}`, target]);
});

afterEach(async () => {
  for (const { id } of (await test.images.listImages({})).images) {
    await test.images.removeImage({ image: { image: id } });
  }
  expect(await storedLayers(test)).toEqual({ chainIds: [], strays: [] });
});

afterAll(async () => {
  await rm(directory, { recursive: true });
  expect(await test.end()).toEqual([]);
});

async function pull(transport: string, path: string, reference = "crikit.test/local:1") {
  const source = `${transport}:${join(directory, path)}`;
  const annotations = { [imageSourceAnnotation]: source };
  return (await test.images.pullImage({ image: { image: reference, annotations } })).imageRef;
}

it.each([
  ["oci", "one"],
  ["oci-archive", "one.tar"],
  ["oci", "many"],
  ["oci-archive", "many.tar"],
])("%s:%s is the image that it holds for this host, under the name given", async (transport, path) => {
  expect(await pull(transport, path)).toBe(idOf(made));
  const found = (await test.images.imageStatus({ image: { image: "crikit.test/local:1" } })).image;
  expect(found?.repoTags).toEqual(["crikit.test/local:1"]);
  const top = path.startsWith("one") ? made : many;
  expect(found?.repoDigests).toEqual([`crikit.test/local@${top.manifest.digest}`]);
  expect((await storedLayers(test)).chainIds).toHaveLength(2);
});

it("docker-archive, as docker save writes it, is an image of Docker's form", async () => {
  const id = await pull("docker-archive", "saved.tar");
  const found = (await test.images.imageStatus({ image: { image: "crikit.test/local:1" } })).image;
  expect(found?.id).toBe(id);
  expect(found?.repoDigests).toHaveLength(1);
  expect((await storedLayers(test)).chainIds).toHaveLength(2);
});

it("a local image shares its layers with the same image in another form", async () => {
  await pull("oci", "one", "crikit.test/one:1");
  await pull("docker-archive", "saved.tar", "crikit.test/saved:1");
  expect((await storedLayers(test)).chainIds).toHaveLength(2);
});

it("a reference with a digest takes that image only", async () => {
  const right = `crikit.test/local@${made.manifest.digest}`;
  expect(await pull("oci", "one", right)).toBe(idOf(made));
  const wrong = `crikit.test/local@${digestOf(Buffer.from("other"))}`;
  await expect(pull("oci", "one", wrong)).rejects.toThrow(`gave ${made.manifest.digest}`);
});

it.each([
  ["oci", "nowhere", "not_found"],
  ["oci-archive", "nowhere.tar", "not_found"],
  ["ftp", "one", "invalid_argument"],
])("%s:%s is refused: %s", async (transport, path, code) => {
  await expect(pull(transport, path)).rejects.toMatchObject({ code });
});
