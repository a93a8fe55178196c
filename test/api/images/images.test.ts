import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CriClient } from "../../../src/api/client.js";
import { connect } from "../../../src/api/connect.js";
import type { PullPolicy } from "../../../src/api/images/pull-options.js";
import { ImagePullError, InvalidArgumentError } from "../../../src/errors.js";
import type { PullImageRequest } from "../../../src/proto.js";
import {
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
  versionOf,
} from "../support/serve.js";

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
      image?.image === "docker.io/library/there:latest"
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

test("`ensure` goes by its policy", async () => {
  expect(await cri.images.ensure("there", { policy: "never" })).toEqual({
    imageRef: "sha256:2",
    pulled: false,
  });
  expect(await cri.images.ensure("there", { policy: "always" })).toEqual({
    imageRef: "sha256:1",
    pulled: true,
  });
  expect(await cri.images.ensure("absent")).toEqual({ imageRef: "sha256:1", pulled: true });
  expect(pulls.length).toBe(2);
  const never = cri.images.ensure("absent", { policy: "never" });
  await expect(never).rejects.toBeInstanceOf(ImagePullError);
  await expect(never).rejects.toMatchObject({
    code: "image_never_pull",
    message: expect.stringMatching(/absent.*policy is never/),
  });
  const wrong = "Always" as PullPolicy;
  await expect(cri.images.ensure("there", { policy: wrong })).rejects.toMatchObject({ field: "policy" });
  expect(pulls.length).toBe(2);
});

test("`status` and `list` give numbers for sizes and users", async () => {
  const image = { id: "sha256:2", sizeBytes: 5, user: 65534, pinned: true };
  expect(await cri.images.status("there")).toMatchObject(image);
  expect(await cri.images.list({ image: "there" })).toMatchObject([image]);
  expect(await cri.images.list({ image: "elsewhere" })).toEqual([]);
});
