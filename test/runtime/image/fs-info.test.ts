import { randomBytes } from "node:crypto";
import { readdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { containerConfig, runPod, startContainer } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { image, layer, push } from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";

let test: TestRuntime;
let registry: Registry;

beforeAll(async () => {
  test = await startTestRuntime();
  registry = await startRegistry();
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

async function du(directory: string) {
  const ask = async (unit: string) =>
    BigInt((await runCommand("du", ["--summarize", unit, directory])).stdout.split("\t")[0] ?? "");
  return { bytes: await ask("--block-size=1"), inodes: await ask("--inodes") };
}

async function told() {
  const info = await test.images.imageFsInfo({});
  const read = (usage: (typeof info.imageFilesystems)[number] | undefined) => ({
    mountpoint: usage?.fsId?.mountpoint,
    bytes: usage?.usedBytes?.value,
    inodes: usage?.inodesUsed?.value,
  });
  expect([info.imageFilesystems.length, info.containerFilesystems.length]).toEqual([1, 1]);
  return { images: read(info.imageFilesystems[0]), containers: read(info.containerFilesystems[0]) };
}

it("images take what du finds, before and after pulls and removals", async () => {
  const layers = join(test.config.root, "layers");
  const check = async () =>
    expect((await told()).images).toEqual({ mountpoint: layers, ...(await du(layers)) });
  await check();
  const one = await layer({ "/big": randomBytes(1_000_000), "/d/one": "1", "/d/two": { link: "one" } });
  const refs: string[] = [];
  for (const name of ["a", "b", "c"]) {
    const made = image([one, await layer({ "/own": name })]);
    refs.push(await push(registry.host, `usage/${name}:1`, made));
    await test.images.pullImage({ image: { image: refs.at(-1) ?? "" } });
    await check();
  }
  await test.images.removeImage({ image: { image: refs[0] ?? "" } });
  await check();
  await test.restart();
  await check();
});

it("the mount point is on the file system that the figures are about", async () => {
  const { images } = await told();
  expect((await statfs(images.mountpoint ?? "")).blocks).toBe((await statfs(test.config.root)).blocks);
});

it("containers take what they have written", async () => {
  await pullBusybox(test);
  const pod = await runPod(test);
  const before = await told();
  const write = ["sh", "-c", "dd if=/dev/zero of=/written bs=1M count=3; sync; sleep 1000"];
  const containerId = await startContainer(test, pod, containerConfig(write));
  await expect
    .poll(async () => (await told()).containers.bytes, { timeout: 60_000, interval: 100 })
    .toBeGreaterThan((before.containers.bytes ?? 0n) + 3_000_000n);
  const { images, containers } = await told();
  expect(images).toEqual((await told()).images);
  const directory = join(test.config.root, "containers");
  expect(containers).toEqual({ mountpoint: directory, ...(await du(directory)) });
  await test.runtime.removeContainer({ containerId });
  expect((await told()).containers.bytes).toBeLessThan(1_000_000n);
});

it("layers are measured once, not at every call", async () => {
  const made = image([await layer({ "/kept": "kept" })]);
  await test.images.pullImage({ image: { image: await push(registry.host, "usage/once:1", made) } });
  const before = (await told()).images;
  const layers = join(test.config.root, "layers");
  const [first = ""] = await readdir(layers);
  await writeFile(join(layers, first, "more"), randomBytes(100_000));
  expect((await told()).images).toEqual(before);
  await rm(join(layers, first, "more"));
});
