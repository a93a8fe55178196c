import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { findPrograms, ownerVariable } from "../../../src/runtime/adapters/orphans.js";

let directory: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "crikit-orphans-")));
});
afterAll(async () => {
  for (const child of started) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  await rm(directory, { recursive: true });
});

/** Starts a program as a daemon on that state directory does. Resolves when it runs. */
async function startFor(state: string): Promise<number | undefined> {
  const env = { ...process.env, [ownerVariable]: state };
  const child = spawn("cat", { env, stdio: ["pipe", "pipe", "ignore"] });
  started.push(child);
  child.stdin.write("I run");
  await once(child.stdout, "data");
  return child.pid;
}

describe("the programs of a state directory", () => {
  test("are found by whatever name it was given, and no others", async () => {
    const state = join(directory, "real");
    await mkdir(join(directory, "other"));
    await mkdir(state);
    await symlink(state, join(directory, "link"));
    const names = [state, join(directory, "link"), `${directory}/other/../real`];
    const own = await Promise.all(names.map(startFor));
    for (const other of ["other", "rea", "real/more", "absent"]) await startFor(join(directory, other));
    const found = (await findPrograms(state)).map(({ pid }) => pid);
    expect(found.sort()).toEqual(own.sort());
  });
});
