import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { hasOwnFileSystem, unmountBelow } from "../../../src/runtime/adapters/mounts.js";
import { createTmpfs } from "../../../src/runtime/adapters/tmpfs/tmpfs.js";
import { unmountLazily } from "../../../src/runtime/adapters/unmount-lazily.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-unmount-"));
});
afterEach(async () => {
  await unmountBelow(directory);
  await rm(directory, { recursive: true });
});

async function mounted(name: string): Promise<string> {
  const path = join(directory, name);
  await createTmpfs().mount(path, { sizeBytes: 65536, uid: 0, gid: 0 });
  expect(hasOwnFileSystem(path)).toBe(true);
  return path;
}

test("what is asked for together goes, though something among it is not mounted, and one is asked for twice", async () => {
  const [one, other, plain] = [await mounted("one"), await mounted("other"), join(directory, "plain")];
  await mkdir(plain);
  await Promise.all([one, plain, join(directory, "none"), other, one].map(unmountLazily));
  expect([one, other].map(hasOwnFileSystem)).toEqual([false, false]);
});

test("only what could not be unmounted is said to be, and why", async () => {
  const [one, other] = [await mounted("one"), await mounted("other")];
  const savedPath = process.env.PATH;
  // A program that fails, and leaves one of the two.
  const script = `#!/bin/sh\nPATH='${savedPath}'\numount --lazy ${one} 2>/dev/null\necho no luck >&2\nexit 32\n`;
  await writeFile(join(directory, "umount"), script, { mode: 0o755 });
  process.env.PATH = directory;
  try {
    const outcomes = await Promise.allSettled([one, other].map(unmountLazily));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).toContain("umount: no luck");
  } finally {
    process.env.PATH = savedPath;
  }
});

test("a directory on the file system around it has none of its own, nor has one that is not there", async () => {
  expect(hasOwnFileSystem(directory)).toBe(false);
  expect(hasOwnFileSystem(join(directory, "none/below"))).toBe(false);
});
