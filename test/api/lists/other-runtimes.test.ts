import { join } from "node:path";
import { type CriClient, connect } from "crikit";
import { ContainerState } from "crikit/proto";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
  versionOf,
} from "../support/serve.js";

const imageId = `sha256:${"1".repeat(64)}`;
const repoDigest = `docker.io/library/web@sha256:${"2".repeat(64)}`;
const other = `sha256:${"3".repeat(64)}`;

let directory: TemporaryDirectory;
let server: Served;
let cri: CriClient;

/** Gives everything whatever is asked for, and tells of images in the ways that runtimes have. */
beforeEach(async () => {
  directory = await temporaryDirectory();
  const container = (id: string, told: object) => ({ id, podSandboxId: "p1", createdAt: 1n, ...told });
  server = await serve(
    join(directory.path, "cri.sock"),
    {
      ...versionOf("careless"),
      listPodSandbox: () => ({ items: [{ id: "p1", metadata: { name: "one" } }, { id: "p2" }] }),
      listContainers: () => ({
        containers: [
          container("as containerd 1.6", { image: { image: "web" }, imageRef: imageId }),
          container("as CRI-O", { image: { image: "docker.io/library/web:1" }, imageRef: repoDigest }),
          container("for kubelet", { image: { image: imageId, userSpecifiedImage: "web:1" }, imageId }),
          container("of old", { image: { image: "web:1" }, imageRef: other }),
          container("another", { image: { image: "No Name" }, imageRef: other, labels: { tier: "" } }),
          { id: "elsewhere", podSandboxId: "p2", state: ContainerState.CONTAINER_EXITED },
        ],
      }),
    },
    {
      imageStatus: ({ image }) =>
        image?.image === "docker.io/library/web:1"
          ? { image: { id: imageId, repoDigests: [repoDigest] } }
          : {},
    },
  );
  cri = await connect(server.endpoint);
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const list = async (filter: Parameters<CriClient["containers"]["list"]>[0]) =>
  (await cri.containers.list(filter)).map(({ id }) => id);

test("a runtime that passes over the filter changes nothing", async () => {
  expect(await list({ id: "else", state: "exited", pod: "p2" })).toEqual(["elsewhere"]);
  expect(await list({ id: "else", state: "running" })).toEqual([]);
  expect((await cri.pods.list({ name: "one" })).map(({ id }) => id)).toEqual(["p1"]);
  expect((await cri.pods.list({ id: "p2", state: "notready" })).map(({ id }) => id)).toEqual([]);
});

test("a label with an empty value must be there, which CRI-O does not look at", async () => {
  expect(await list({ labels: { tier: "" } })).toEqual(["another"]);
});

test("containers of one age come in the order of their IDs", async () => {
  expect(await list({ pod: "p1" })).toEqual([
    "another",
    "as CRI-O",
    "as containerd 1.6",
    "for kubelet",
    "of old",
  ]);
});

test("a container is known by its image however the runtime tells it", async () => {
  const ofName = ["as CRI-O", "as containerd 1.6", "for kubelet", "of old"];
  expect(await list({ image: "web:1" })).toEqual(ofName);
  expect(await list({ image: imageId })).toEqual(["as containerd 1.6", "for kubelet"]);
  expect(await list({ image: repoDigest })).toEqual(["as CRI-O"]);
  expect(await list({ image: other })).toEqual(["another", "of old"]);
});
