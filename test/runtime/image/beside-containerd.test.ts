import { afterAll, beforeAll, expect, it } from "vitest";

import { createImageClient, type ImageClient } from "../../../src/services/image-client.js";
import { type Connection, openConnection } from "../../../src/transport/connection.js";
import { parseEndpoint } from "../../../src/transport/endpoint.js";
import { type Containerd, startContainerd } from "../../support/containerd.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { hostArchitecture, type Image, idOf, image, index, layer, push } from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";

let test: TestRuntime;
let containerd: Containerd;
let connection: Connection;
let registry: Registry;
let both: ImageClient[];

beforeAll(async () => {
  registry = await startRegistry();
  test = await startTestRuntime();
  containerd = await startContainerd();
  connection = openConnection(parseEndpoint(containerd.endpoint));
  both = [test.images, createImageClient(connection)];
});

afterAll(async () => {
  connection.close();
  await containerd[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

/** What both answer to the same, as far as containerd 1.6 fills it in. */
async function compare<T>(ask: (images: ImageClient) => Promise<T>): Promise<T> {
  const [ours, theirs] = await Promise.all(both.map(ask));
  expect(ours).toEqual(theirs);
  return ours as T;
}

async function pull(reference: string) {
  return compare(async (images) => (await images.pullImage({ image: { image: reference } })).imageRef);
}

async function status(reference: string) {
  return compare(async (images) => {
    const { image: found } = await images.imageStatus({ image: { image: reference } });
    return (
      found && {
        ...{ id: found.id, size: found.size, uid: found.uid?.value, username: found.username },
        ...{ repoTags: [...found.repoTags].sort(), repoDigests: [...found.repoDigests].sort() },
      }
    );
  });
}

it("images are told as containerd tells them: IDs, names, sizes, users", async () => {
  const shared = await layer({ "/shared": "shared" });
  const plain = image([shared, await layer({ "/a": "a" })], { config: { User: "7:8" } });
  const docker = image([shared, await layer({ "/b": "b" })], { docker: true, config: { User: "web" } });
  const other = image([await layer({ "/c": "c" })], { architecture: "s390x" });
  const platform = { os: "linux", architecture: hostArchitecture };
  const many = index([
    { image: other, platform: { os: "linux", architecture: "s390x" } },
    { image: plain, platform },
  ]);
  const deep = image([shared, await layer({ "/d": "d" })]);
  const offers: [string, Image][] = [
    ["beside/plain:1", plain],
    ["beside/plain:2", plain],
    ["beside/docker:1", docker],
    ["beside/many:1", many],
    ["beside/deep:1", index([{ image: index([{ image: deep, platform }]) }])],
  ];
  for (const [name, made] of offers) {
    const reference = await push(registry.host, name, made);
    await pull(reference);
    expect(await status(reference)).toBeDefined();
  }
  const found = await status(idOf(plain));
  expect(found?.repoTags).toHaveLength(3);
  expect(found?.repoDigests).toHaveLength(2);
  await status(`${registry.host}/beside/many@${many.manifest.digest}`);
});

it("names move, and go, as they do in containerd", async () => {
  const old = image([await layer({ "/old": "old" })]);
  const young = image([await layer({ "/young": "young" })]);
  const reference = await push(registry.host, "beside/moving:1", old);
  await pull(reference);
  await push(registry.host, "beside/moving:1", young);
  await pull(reference);
  expect((await status(reference))?.id).toBe(idOf(young));
  expect((await status(idOf(old)))?.repoTags).toEqual([]);

  const tagged = `${reference}@${old.manifest.digest}`;
  await pull(tagged);
  expect((await status(tagged))?.repoTags).toEqual([]);
  expect((await status(reference))?.id).toBe(idOf(young));

  const byDigest = `${registry.host}/beside/moving@${young.manifest.digest}`;
  await pull(byDigest);
  await compare((images) => images.removeImage({ image: { image: reference } }).then(() => "done"));
  for (const name of [reference, byDigest, idOf(young)]) expect(await status(name)).toBeUndefined();
  expect(await status(idOf(old))).toBeDefined();
  await compare((images) => images.removeImage({ image: { image: idOf(old) } }).then(() => "done"));
  expect(await status(idOf(old))).toBeUndefined();
});

it.each(["nothing.test/here:1", `sha256:${"0".repeat(64)}`])(
  "%s, which is missing, is told as missing",
  async (name) => {
    expect(await status(name)).toBeUndefined();
    await compare((images) => images.removeImage({ image: { image: name } }).then(() => "done"));
  },
);

it("a pull of what the registry lacks is not found", async () => {
  const code = await compare((images) =>
    images.pullImage({ image: { image: `${registry.host}/beside/none:1` } }).then(
      () => "pulled",
      (error) => error.code,
    ),
  );
  expect(code).toBe("not_found");
});
