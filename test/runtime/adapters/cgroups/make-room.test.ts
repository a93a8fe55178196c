import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { makeRoom } from "../../../../src/runtime/adapters/cgroups/make-room.js";
import { listMounts } from "../../../../src/runtime/adapters/mounts.js";
import { until } from "../../../support/until.js";

/** In the tree of version 2, which a hybrid host has as well. */
let group: string;
beforeEach(async () => {
  const tree = (await listMounts()).find(({ type }) => type === "cgroup2")?.target ?? "";
  group = join(tree, `crikit-room-${process.pid}`);
  await makeRoom(tree);
  await mkdir(group);
});
afterEach(async () => {
  for (const path of [join(group, "init"), group]) {
    await until(`${path} is empty`, () =>
      rmdir(path).then(
        () => true,
        () => !existsSync(path),
      ),
    );
  }
});

async function controllersBelow(): Promise<string> {
  return (await readFile(join(group, "cgroup.subtree_control"), "utf8")).trim();
}

async function controllers(): Promise<string> {
  return (await readFile(join(group, "cgroup.controllers"), "utf8")).trim();
}

test("processes in a group that must give its controllers away are moved below it", async () => {
  const sleepers = [spawn("sleep", ["100"]), spawn("sleep", ["100"])];
  for (const { pid } of sleepers) await writeFile(join(group, "cgroup.procs"), `${pid}`);
  expect(await makeRoom(group)).toBe(2);
  expect(await controllers()).not.toBe("");
  expect(await controllersBelow()).toBe(await controllers());
  const inside = await readFile(join(group, "init/cgroup.procs"), "utf8");
  expect(inside.trim().split("\n").map(Number).sort()).toEqual(sleepers.map(({ pid }) => pid).sort());
  expect(await makeRoom(group)).toBe(0);
  const ended = sleepers.map((sleeper) => once(sleeper, "exit"));
  for (const sleeper of sleepers) sleeper.kill("SIGKILL");
  await Promise.all(ended);
});

test("a group without processes of its own gives its controllers away, and no group is made", async () => {
  expect(await makeRoom(group)).toBe(0);
  expect(await controllersBelow()).toBe(await controllers());
  expect(existsSync(join(group, "init"))).toBe(false);
});
