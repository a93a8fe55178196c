import { afterAll, afterEach, beforeAll, expect, it } from "vitest";

import { chooseEntry } from "../../../src/runtime/image/platform.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import {
  blob,
  hostArchitecture,
  type Image,
  type IndexEntry,
  idOf,
  image,
  index,
  json,
  layer,
  push,
} from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";

const ours = hostArchitecture;
const theirs = ours === "amd64" ? "arm64" : "amd64";

let test: TestRuntime;
let registry: Registry;
let here: Image;
let elsewhere: Image;
let attestation: Image;

beforeAll(async () => {
  test = await startTestRuntime();
  registry = await startRegistry();
  here = image([await layer({ "/a": "here" })], { architecture: ours });
  elsewhere = image([await layer({ "/a": "elsewhere" })], { architecture: theirs });
  attestation = image([await layer({ "/statement": "made by test" })], { architecture: "unknown" });
});

afterEach(async () => {
  for (const { id } of (await test.images.listImages({})).images) {
    await test.images.removeImage({ image: { image: id } });
  }
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

async function pull(made: Image): Promise<string> {
  const reference = await push(registry.host, "platforms/a:1", made);
  return (await test.images.pullImage({ image: { image: reference } })).imageRef;
}

const linux = (architecture: string, made: Image): IndexEntry => ({
  image: made,
  platform: { os: "linux", architecture },
});

/** As BuildKit adds them to its images. */
const statement = (): IndexEntry => ({
  ...linux("unknown", attestation),
  platform: { os: "unknown", architecture: "unknown" },
  annotations: { "vnd.docker.reference.type": "attestation-manifest" },
});

it("the image for this host is taken, whatever comes first in the index", async () => {
  expect(await pull(index([linux(theirs, elsewhere), linux(ours, here)]))).toBe(idOf(here));
  expect(await pull(index([statement(), linux(ours, here), linux(theirs, elsewhere)]))).toBe(idOf(here));
});

it("the image is found through nested indexes", async () => {
  const inner = index([linux(theirs, elsewhere), linux(ours, here), statement()]);
  expect(await pull(index([statement(), { image: index([{ image: inner }]) }]))).toBe(idOf(here));
});

it("an image for other platforms only is not found, and the error lists them", async () => {
  const pulled = pull(index([linux(theirs, elsewhere), statement()]));
  await expect(pulled).rejects.toMatchObject({ code: "not_found" });
  await expect(pulled).rejects.toThrow(`no variant for linux/${ours}, only for linux/${theirs}`);
  expect((await test.images.listImages({})).images).toEqual([]);
});

it("an index of statements alone is not found", async () => {
  await expect(pull(index([statement()]))).rejects.toThrow("only for none at all");
});

it.each([
  ["arm64", ["", "v8"], "v8"],
  ["arm64", ["v9", ""], ""],
  ["arm", ["v5", "v6", "v7"], "v7"],
  ["arm", ["v6", "v5"], "v6"],
  ["amd64", ["v3", ""], ""],
  ["amd64", ["v3"], undefined],
])("of the variants of %s %j, %j is taken", (architecture, offered, expected) => {
  const entries = offered.map((variant) => ({
    ...{ mediaType: "", size: 0, digest: variant },
    platform: { os: "linux", architecture, ...(variant && { variant }) },
  }));
  if (expected !== undefined) expect(chooseEntry(entries, architecture).digest).toBe(expected);
  else expect(() => chooseEntry(entries, architecture)).toThrow("only for linux/amd64/v3");
});

it.each([
  ["a chart", "application/vnd.cncf.helm.config.v1+json", "is no container image"],
  ["a list of materials", "application/vnd.cyclonedx+json", "is no container image"],
])("%s is refused before anything is fetched", async (_what, mediaType, message) => {
  const config = blob(mediaType, Buffer.from("{}"));
  const type = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json(type, { config: { mediaType, digest: config.digest, size: 2 }, layers: [] });
  const pulled = pull({ manifest, blobs: [config], children: [] });
  await expect(pulled).rejects.toMatchObject({ code: "failed_precondition" });
  await expect(pulled).rejects.toThrow(message);
});
