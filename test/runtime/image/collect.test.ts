import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { sleep } from "../../../src/async/abort.js";
import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { busyboxImage } from "../../../src/testing/busybox-image.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";
import { type Image, idOf, image, type Layer, layer, push } from "./support/images.js";
import { type Registry, startRegistry } from "./support/registry.js";
import { storedLayers } from "./support/store.js";

let test: TestRuntime;
let registry: Registry;
let base: Layer;
let made: Image;
let reference: string;

beforeAll(async () => {
  test = await startTestRuntime();
  registry = await startRegistry();
  base = await layer((await busyboxImage()).files);
  made = image([base, await layer({ "/app": "app" })]);
  reference = await push(registry.host, "collect/a:1", made);
});

afterEach(async () => {
  for (const { id } of (await test.runtime.listPodSandbox({})).items) {
    await test.runtime.removePodSandbox({ podSandboxId: id });
  }
  for (const { id } of (await test.images.listImages({})).images) await remove(id);
  expect(await storedLayers(test)).toEqual({ chainIds: [], strays: [] });
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

async function pull(name = reference): Promise<string> {
  return (await test.images.pullImage({ image: { image: name } })).imageRef;
}

function remove(image: string) {
  return test.images.removeImage({ image: { image } });
}

async function layerCount(): Promise<number> {
  return (await storedLayers(test)).chainIds.length;
}

const config = (command: string[]) => containerConfig(command, { image: { image: reference } });

describe("layers of a removed image", () => {
  it("go at once, but for those that another image has too", async () => {
    await pull();
    await pull(await push(registry.host, "collect/other:1", image([base])));
    expect(await layerCount()).toBe(2);
    await remove(reference);
    expect(await layerCount()).toBe(1);
  });

  it("stay while a container runs on them, and go with it", async () => {
    await pull();
    const pod = await runPod(test);
    const id = await startContainer(test, pod, config(["sleep", "1000"]));
    await remove(reference);
    expect((await test.images.listImages({})).images).toEqual([]);
    expect(await layerCount()).toBe(2);
    const { stdout } = await test.runtime.execSync({ containerId: id, cmd: ["cat", "/app"] });
    expect(Buffer.from(stdout).toString()).toBe("app");
    expect(await statusOf(test, id)).toMatchObject({ imageId: idOf(made), image: { image: reference } });
    await test.runtime.removeContainer({ containerId: id });
    expect(await layerCount()).toBe(0);
  });

  it("stay while a container has them mounted as a volume, and go with it", async () => {
    await pull();
    const small = await push(registry.host, "collect/small:1", image([base]));
    await pull(small);
    const pod = await runPod(test);
    const mounts = [{ containerPath: "/v", image: { image: reference }, readonly: true }];
    const smaller = containerConfig(["sleep", "1000"], { image: { image: small }, mounts });
    const id = await startContainer(test, pod, smaller);
    await remove(reference);
    expect(await layerCount()).toBe(2);
    const { stdout } = await test.runtime.execSync({ containerId: id, cmd: ["cat", "/v/app"] });
    expect(Buffer.from(stdout).toString()).toBe("app");
    await test.runtime.removeContainer({ containerId: id });
    expect(await layerCount()).toBe(1);
  });

  it("stay for a container that was only created, which can still be started", async () => {
    await pull();
    const pod = await runPod(test);
    const id = await createContainer(test, pod, config(["sleep", "1000"]));
    await remove(reference);
    await test.runtime.startContainer({ containerId: id });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    expect(await layerCount()).toBe(0);
  });

  it("stay over a restart, and go with the container then", async () => {
    await pull();
    const pod = await runPod(test);
    const id = await startContainer(test, pod, config(["sleep", "1000"]));
    await remove(reference);
    await test.restart();
    expect(await layerCount()).toBe(2);
    await test.runtime.removeContainer({ containerId: id });
    expect(await layerCount()).toBe(0);
  });

  it("are taken up again by a pull while a container holds them", async () => {
    await pull();
    const pod = await runPod(test);
    const id = await startContainer(test, pod, config(["sleep", "1000"]));
    await remove(reference);
    const before = (await registry.log()).length;
    expect(await pull()).toBe(idOf(made));
    expect((await registry.log()).slice(before)).not.toContain(base.digest);
    await test.runtime.removeContainer({ containerId: id });
    expect(await layerCount()).toBe(2);
  });
});

it("a container is created whole or refused, whenever its image is removed", async () => {
  const pod = await runPod(test);
  // Recording that much takes a while, in which the image may go.
  const annotations = { long: "x".repeat(4_000_000) };
  for (let ms = 0; ms < 100; ms += 10) {
    await pull();
    const [created] = await Promise.allSettled([
      createContainer(test, pod, { ...config(["cat", "/app"]), annotations }),
      sleep(ms).then(() => remove(reference)),
    ]);
    if (created.status === "rejected") expect(created.reason).toMatchObject({ code: "not_found" });
    else {
      await test.runtime.startContainer({ containerId: created.value });
      await test.runtime.removeContainer({ containerId: created.value });
    }
    expect(await layerCount()).toBe(0);
  }
});

it("a start clears away what a daemon that was killed in a pull has left", async () => {
  await pull();
  const { root } = test.config;
  await test.restart(async () => {
    await runCommand("mkdir", ["-p", join(root, "layers/zz/fs"), join(root, "layers/zz/merged")]);
    await runCommand("mount", ["-t", "tmpfs", "tmpfs", join(root, "layers/zz/merged")]);
    await writeFile(join(root, "layers/zz/fs/half"), "half");
    await runCommand("mkdir", ["-p", join(root, "tmp/pull-1/blobs"), join(root, "images/abc")]);
    // The image was removed, its layers not yet.
    for (const name of await readdir(join(root, "images")))
      await rm(join(root, "images", name, "record.json"), { force: true });
  });
  expect(await storedLayers(test)).toEqual({ chainIds: [], strays: [] });
  expect(await readdir(join(root, "images"))).toEqual([]);
});
