import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { isQualifiedName } from "../../../../src/runtime/adapters/cdi/names.js";
import { readCdiRegistry } from "../../../../src/runtime/adapters/cdi/registry.js";

let directory: string;
let low: string;
let high: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-cdi-"));
  low = join(directory, "low");
  high = join(directory, "high");
  for (const path of [low, high]) await mkdir(path);
});

afterEach(() => rm(directory, { recursive: true }));

function write(place: string, file: string, ...names: string[]): Promise<void> {
  const devices = names.map((name) => ({ name, containerEdits: { env: [`FROM=${file}`] } }));
  const spec = { cdiVersion: "0.6.0", kind: "vendor.com/gpu", devices };
  return writeFile(join(place, file), JSON.stringify(spec));
}

async function read() {
  const { devices, conflicts, broken } = await readCdiRegistry([low, high]);
  const files = [...devices].map(([name, { spec }]) => `${name} ${spec.path.slice(directory.length + 1)}`);
  return { files: files.sort(), conflicts: Object.fromEntries(conflicts), broken };
}

test("`readCdiRegistry` takes a device from the later directory, and others from where they are", async () => {
  await write(low, "a.json", "0", "1");
  await write(high, "b.yaml", "1", "2");
  const { files, conflicts, broken } = await read();
  expect(files).toEqual([
    "vendor.com/gpu=0 low/a.json",
    "vendor.com/gpu=1 high/b.yaml",
    "vendor.com/gpu=2 high/b.yaml",
  ]);
  expect({ conflicts, broken }).toEqual({ conflicts: {}, broken: [] });
});

test("`readCdiRegistry` gives no device that two files of one directory describe, unless a later one does", async () => {
  await write(low, "a.json", "0", "1");
  await write(low, "b.json", "0", "1");
  await write(high, "c.json", "1");
  const { files, conflicts } = await read();
  expect(files).toEqual(["vendor.com/gpu=1 high/c.json"]);
  expect(conflicts).toEqual({ "vendor.com/gpu=0": [join(low, "a.json"), join(low, "b.json")] });
});

test("`readCdiRegistry` passes over broken files, and says which and why", async () => {
  await writeFile(join(low, "broken.json"), '{ "cdiVersion": "0.6.0", "kind": "x" }');
  await writeFile(join(low, "notes.txt"), "not a specification");
  await mkdir(join(low, "directory.json"));
  await write(low, "good.json", "0");
  const { files, broken } = await read();
  expect(files).toEqual(["vendor.com/gpu=0 low/good.json"]);
  expect(broken).toEqual([
    { path: join(low, "broken.json"), why: expect.stringContaining('kind is "x", and must be VENDOR/CLASS') },
  ]);
});

test("`readCdiRegistry` has nothing where there are no directories", async () => {
  const { devices, broken } = await readCdiRegistry([join(directory, "none")]);
  expect([devices.size, broken]).toEqual([0, []]);
});

test.each([
  ["vendor.com/gpu=0", true],
  ["vendor.com/gpu.x_y-z=GPU-1:2", true],
  ["gpu=0", false],
  ["vendor.com/gpu", false],
  ["vendor.com/gpu=", false],
  ["/gpu=0", false],
  ["9vendor.com/gpu=0", false],
  ["vendor.com/gpu=0=1", false],
  ["vendor.com/gpu/x=0", false],
  ["vendor.com/gpu=a-", false],
  ["/dev/null", false],
])("`isQualifiedName` of %s is %s", (name, answer) => {
  expect(isQualifiedName(name)).toBe(answer);
});
