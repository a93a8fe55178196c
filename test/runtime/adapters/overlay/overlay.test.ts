import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { unmountBelow } from "../../../../src/runtime/adapters/mounts.js";
import { createOverlay } from "../../../../src/runtime/adapters/overlay/overlay.js";

const overlay = createOverlay();
let store: string;
let target: string;

beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), "crikit-overlay-"));
  target = join(store, "merged");
});

afterEach(async () => {
  await unmountBelow(store);
  await rm(store, { recursive: true });
});

async function addLayer(name: string, files: Record<string, string>): Promise<string> {
  await mkdir(join(store, name, "fs"), { recursive: true });
  for (const [file, content] of Object.entries(files))
    await writeFile(join(store, name, "fs", file), content);
  return `${name}/fs`;
}

function mount(layers: string[]): Promise<void> {
  return overlay.mount({ store, layers, upper: join(store, "upper"), work: join(store, "work"), target });
}

it("shows the highest layer's files, and keeps changes apart", async () => {
  const layers = [await addLayer("1", { a: "low", b: "low" }), await addLayer("2", { a: "high" })];
  await mount(layers);
  expect(await readFile(join(target, "a"), "utf8")).toBe("high");
  expect(await readFile(join(target, "b"), "utf8")).toBe("low");
  await writeFile(join(target, "b"), "changed");
  expect(await readFile(join(store, "1/fs/b"), "utf8")).toBe("low");
  expect(await readdir(join(store, "upper"))).toEqual(["b"]);
});

it("can be entered by all users, whatever the daemon's umask", async () => {
  const before = process.umask(0o077);
  try {
    await mount([await addLayer("1", {})]);
  } finally {
    process.umask(before);
  }
  expect((await stat(target)).mode & 0o777).toBe(0o755);
});

it("takes four hundred layers", async () => {
  const layers: string[] = [];
  for (let count = 1; count <= 400; count++) {
    layers.push(await addLayer(count.toString(36), { [`file-${count}`]: "" }));
  }
  await mount(layers);
  expect(await readdir(target)).toHaveLength(400);
});

it("mounts again after a crash had left the kernel's scratch space", async () => {
  const layers = [await addLayer("1", { a: "a" })];
  await mount(layers);
  await overlay.unmount(target);
  await mkdir(join(store, "work/work/stale"), { recursive: true });
  await mount(layers);
  expect(overlay.isMounted(target)).toBe(true);
});

it("unmounts what is mounted, and is done with what is not", async () => {
  await mount([await addLayer("1", { a: "a" })]);
  await overlay.unmount(target);
  expect(overlay.isMounted(target)).toBe(false);
  await overlay.unmount(target);
  await overlay.unmount(join(store, "nothing/there"));
});

it("names the missing layer's mount when it fails", async () => {
  await expect(mount(["nowhere/fs"])).rejects.toThrow("mount");
  expect(overlay.isMounted(target)).toBe(false);
});
