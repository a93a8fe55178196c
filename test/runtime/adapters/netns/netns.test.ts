import { mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { isMountPoint } from "../../../../src/runtime/adapters/mounts.js";
import { createNetns } from "../../../../src/runtime/adapters/netns/netns.js";
import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import { findLeftovers } from "../support/leftovers.js";

const netns = createNetns();
let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-netns-"));
  path = join(directory, "sandbox", "netns");
});
afterEach(async () => {
  await netns.remove(path);
  expect(await findLeftovers(directory)).toEqual([]);
  await rm(directory, { recursive: true, force: true });
});

describe("Netns", () => {
  test("makes a namespace of its own with nothing but a loopback interface that is up", async () => {
    await netns.create(path);
    const { stdout } = await runCommand("nsenter", [`--net=${path}`, "ip", "-o", "addr"]);
    expect(stdout).toContain("127.0.0.1/8");
    expect(stdout).not.toContain("eth0");
    expect((await stat(path)).ino).not.toBe((await stat("/proc/self/ns/net")).ino);
  });

  test("removes the namespace with its file, and does so twice", async () => {
    await netns.create(path);
    await netns.remove(path);
    await netns.remove(path);
    expect(await readdir(join(directory, "sandbox"))).toEqual([]);
  });

  test("removes a namespace that a process still holds open", async () => {
    await netns.create(path);
    const held = await open(path);
    await netns.remove(path);
    expect(await isMountPoint(path)).toBe(false);
    await held.close();
  });

  test("finds its mount when the path leads through a symbolic link", async () => {
    await symlink(directory, join(directory, "link"));
    const linked = join(directory, "link", "netns");
    await netns.create(linked);
    expect(await isMountPoint(linked)).toBe(true);
    await netns.remove(linked);
    expect(await isMountPoint(linked)).toBe(false);
  });

  test("refuses a path where there is something, and leaves that as it was", async () => {
    const taken = join(directory, "taken");
    await writeFile(taken, "mine");
    await expect(netns.create(taken)).rejects.toThrow("EEXIST");
    expect(await readFile(taken, "utf8")).toBe("mine");
    await expect(netns.create("/dev/null")).rejects.toThrow("EEXIST");
    expect(await isMountPoint("/dev/null")).toBe(false);
  });

  test("leaves no file when the namespace could not be made", async () => {
    const savedPath = process.env.PATH;
    process.env.PATH = "/nowhere";
    try {
      await expect(netns.create(path)).rejects.toThrow("apt-get install util-linux");
    } finally {
      process.env.PATH = savedPath;
    }
    expect(await readdir(join(directory, "sandbox"))).toEqual([]);
  });
});
