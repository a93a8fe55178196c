import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CriClient } from "../../src/api/client.js";
import { connect } from "../../src/api/connect.js";
import { InvalidArgumentError } from "../../src/errors.js";
import type { PullImageRequest } from "../../src/proto.js";
import {
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
  versionOf,
} from "./support/serve.js";

let directory: TemporaryDirectory;
let server: Served;
let cri: CriClient;
let pulls: PullImageRequest[];

beforeEach(async () => {
  pulls = [];
  directory = await temporaryDirectory();
  server = await serve(join(directory.path, "cri.sock"), versionOf("fake"), {
    pullImage: (request) => {
      pulls.push(request);
      return { imageRef: "sha256:1" };
    },
    imageStatus: ({ image }) =>
      image?.image === "there"
        ? { image: { id: "sha256:2", size: 5n, uid: { value: 65534n }, pinned: true } }
        : {},
  });
  cri = await connect(server.endpoint);
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test("`pull` completes the name and hands on credentials, annotations, handler and pod", async () => {
  const pulled = await cri.images.pull("nginx", {
    auth: { username: "u", password: "p" },
    annotations: { a: "b" },
    handler: "runsc",
    sandboxConfig: { metadata: { name: "pod" } },
  });
  expect(pulled).toEqual({ imageRef: "sha256:1" });
  expect(pulls).toMatchObject([
    {
      image: { image: "docker.io/library/nginx:latest", annotations: { a: "b" }, runtimeHandler: "runsc" },
      auth: { username: "u", password: "p" },
      sandboxConfig: { metadata: { name: "pod" } },
    },
  ]);
});

test("`pull` refuses a name that cannot be one, without asking", async () => {
  await expect(cri.images.pull("Not A Name")).rejects.toBeInstanceOf(InvalidArgumentError);
  expect(pulls).toEqual([]);
});

test("`ensure` does not pull what is there", async () => {
  expect(await cri.images.ensure("there")).toEqual({ imageRef: "sha256:2", pulled: false });
  expect(pulls).toEqual([]);
});

test("`status` and `list` give numbers for sizes and users", async () => {
  const image = { id: "sha256:2", sizeBytes: 5, user: 65534, pinned: true };
  expect(await cri.images.status("there")).toMatchObject(image);
  expect(await cri.images.list({ image: "there" })).toMatchObject([image]);
  expect(await cri.images.list({ image: "elsewhere" })).toEqual([]);
});
