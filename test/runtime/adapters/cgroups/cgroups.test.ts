import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeAll, describe, expect, test } from "vitest";

import { type Cgroups, detectCgroups } from "../../../../src/runtime/adapters/cgroups/cgroups.js";
import { listMounts } from "../../../../src/runtime/adapters/mounts.js";
import { findLeftovers } from "../support/leftovers.js";

const parent = `/crikit-cgroups-${randomBytes(6).toString("hex")}`;
let cgroups: Cgroups;
let trees: string[];
beforeAll(async () => {
  cgroups = await detectCgroups();
  trees = (await listMounts()).filter(({ type }) => /^cgroup2?$/.test(type)).map(({ target }) => target);
});
afterEach(async () => {
  await cgroups.kill(parent, "a").catch(() => {});
  await cgroups.remove(parent);
  expect(await findLeftovers(parent)).toEqual([]);
});

describe("detectCgroups", () => {
  test("counts as version 2 only what has no controller in version 1", async () => {
    const controllers = await readFile("/proc/self/cgroup", "utf8");
    const hasVersion1 = controllers.split("\n").some((line) => /^\d+:\w[\w,]*:/.test(line));
    expect(cgroups.version).toBe(hasVersion1 ? 1 : 2);
  });
});

describe("Cgroups.containerPath", () => {
  test.each([
    ["/kubepods/pod1", "id", "/kubepods/pod1/id"],
    ["pods", "id", "/pods/id"],
    ["kubepods.slice", "id", "kubepods.slice:crikit:id"],
    ["/kubepods.slice/kubepods-pod1.slice", "id", "kubepods-pod1.slice:crikit:id"],
  ])("%s %s is %s", (given, id, path) => {
    expect(cgroups.containerPath(given, id)).toBe(path);
  });
});

describe("Cgroups.kill", () => {
  test("kills a group with the groups below it in whatever tree, and nothing else", async () => {
    const [first, second, bystander] = await Promise.all([sleeper(), sleeper(), sleeper()]);
    await enter(trees[0], "a", first);
    await enter(trees.at(-1), "a/below", second);
    await enter(trees[0], "b", bystander);
    const ends = [once(first, "exit"), once(second, "exit")];
    await cgroups.kill(parent, "a");
    expect(await Promise.all(ends)).toEqual([
      [null, "SIGKILL"],
      [null, "SIGKILL"],
    ]);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill("SIGKILL");
    await once(bystander, "exit");
  });

  test("kills what forks without end", async () => {
    const child = spawn("sh", ["-c", "read go; while :; do (sleep 0.01; :) & sleep 0.002; done"]);
    await enter(trees[0], "a", child);
    child.stdin.end("go\n");
    const ended = once(child, "exit");
    await cgroups.kill(parent, "a");
    await ended;
    expect(await readFile(join(trees[0] ?? "", parent, "a/cgroup.procs"), "utf8")).toBe("");
  });

  test("is done when there is no such group, and never takes the root", async () => {
    await cgroups.kill(parent, "absent");
    await expect(cgroups.kill(parent, "")).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(cgroups.kill("/", "..")).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(cgroups.remove("/")).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("refuses a slice that systemd does not know how to place", async () => {
    await expect(cgroups.kill("a--b.slice", "x")).rejects.toThrow("a--b.slice is not a name");
    await cgroups.kill("crikit-absent-thing.slice", "x");
  });
});

describe("Cgroups.remove", () => {
  test("removes a group with those below it from every tree, and does so twice", async () => {
    for (const tree of trees) await mkdir(join(tree, parent, "a/b"), { recursive: true });
    await cgroups.remove(parent);
    for (const tree of trees) await expect(access(join(tree, parent))).rejects.toThrow("ENOENT");
    await cgroups.remove(parent);
  });

  test("says so when a group is still in use", async () => {
    const child = await sleeper();
    await enter(trees[0], "a", child);
    await expect(cgroups.remove(parent)).rejects.toThrow("EBUSY");
  });
});

async function sleeper(): Promise<ChildProcess> {
  const child = spawn("sleep", ["600"]);
  await once(child, "spawn");
  return child;
}

async function enter(tree: string | undefined, group: string, child: ChildProcess): Promise<void> {
  const directory = join(tree ?? "", parent, group);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "cgroup.procs"), String(child.pid));
}
