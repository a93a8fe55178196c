import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";

import { programPath } from "../../../src/runtime/adapters/program-path.js";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-path-"));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rm(directory, { recursive: true }));

/** Two directories, the first of them empty, that PATH leads to from now on. */
async function search(name: string): Promise<[first: string, second: string]> {
  const [first, second] = [join(directory, name, "1"), join(directory, name, "2")];
  for (const path of [first, second]) await mkdir(path, { recursive: true });
  vi.stubEnv("PATH", [first, second].join(delimiter));
  return [first, second];
}

async function install(path: string, mode = 0o755): Promise<void> {
  await writeFile(path, "#!/bin/sh\n", { mode });
}

it("finds a program where PATH leads, past files that cannot be run", async () => {
  const [first, second] = await search("plain");
  await install(join(first, "tool"), 0o644);
  await install(join(second, "tool"));
  expect(programPath("tool")).toBe(join(second, "tool"));
  expect(programPath("/bin/tool")).toBe("/bin/tool");
});

it("finds another one when the first has gone, and when PATH has changed", async () => {
  const [first, second] = await search("gone");
  await install(join(first, "tool"));
  await install(join(second, "tool"));
  expect(programPath("tool")).toBe(join(first, "tool"));
  await rm(join(first, "tool"));
  expect(programPath("tool")).toBe(join(second, "tool"));
  const [, elsewhere] = await search("changed");
  await install(join(elsewhere, "tool"));
  expect(programPath("tool")).toBe(join(elsewhere, "tool"));
});

it("leaves a name alone that PATH leads nowhere with", async () => {
  await search("nothing");
  expect(programPath("tool")).toBe("tool");
});
