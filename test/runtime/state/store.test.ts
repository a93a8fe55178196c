import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import { RecordStore } from "../../../src/runtime/state/store.js";

interface Thing {
  id: string;
  colour?: string;
  size?: number;
}

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-store-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (version = 1) => RecordStore.open<Thing>({ directory, kind: "thing", version });

describe("`RecordStore`", () => {
  it("finds its records again when opened anew", async () => {
    const { store } = await open();
    await store.put({ id: "a", colour: "red" });
    await store.update("a", { size: 3 });
    const again = await open();
    expect(again.store.list()).toEqual([{ id: "a", colour: "red", size: 3 }]);
    expect(again.incomplete).toEqual([]);
  });

  it("keeps both of two changes made at the same time", async () => {
    const { store } = await open();
    await store.put({ id: "a" });
    await Promise.all([store.update("a", { colour: "red" }), store.update("a", { size: 3 })]);
    expect(store.get("a")).toEqual({ id: "a", colour: "red", size: 3 });
    expect((await open()).store.get("a")).toEqual({ id: "a", colour: "red", size: 3 });
  });

  it("leaves nothing of a record that the disk had no room for", async () => {
    await runCommand("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", directory]);
    try {
      const { store } = await open();
      await expect(writeFile(join(directory, "filler"), Buffer.alloc(65_536))).rejects.toThrow("ENOSPC");
      await expect(store.put({ id: "a" })).rejects.toMatchObject({ code: "ENOSPC" });
      expect(await readdir(directory)).toEqual(["filler"]);
      expect(store.get("a")).toBeUndefined();
      await rm(join(directory, "filler"));
      await store.put({ id: "a" });
    } finally {
      await runCommand("umount", [directory]);
    }
  });

  it.each([
    ["no file", undefined],
    ["an empty file", ""],
    ["a file cut short", '{"version":1,"rec'],
    ["zeros", "\0\0\0\0"],
    ["nothing in it", "null"],
    ["no record in it", '{"version":1}'],
    ["another's record", '{"version":1,"record":{"id":"b"}}'],
    ["no version", '{"record":{"id":"a"}}'],
  ])("names a directory with %s as incomplete", async (_what, text) => {
    await mkdir(join(directory, "a"));
    if (text !== undefined) await writeFile(join(directory, "a/record.json"), text);
    const { store, incomplete } = await open();
    expect(store.list()).toEqual([]);
    expect(incomplete).toEqual(["a"]);
  });

  it("names a file that is in the way as incomplete", async () => {
    await writeFile(join(directory, "a"), "");
    expect((await open()).incomplete).toEqual(["a"]);
  });

  it("refuses records of a newer version, naming the file, and leaves them", async () => {
    const { store } = await open(2);
    await store.put({ id: "a" });
    await expect(open(1)).rejects.toThrow(join(directory, "a/record.json"));
    expect(await readFile(join(directory, "a/record.json"), "utf8")).toContain('"version":2');
  });

  it("does not take a record that cannot be read for a lost one", async () => {
    await mkdir(join(directory, "a/record.json"), { recursive: true });
    const { store, incomplete } = await open();
    expect([...store.unreadable.keys()]).toEqual(["a"]);
    expect(incomplete).toEqual([]);
  });

  it("removes a record with its whole directory, and an absent one counts as done", async () => {
    const { store } = await open();
    await store.put({ id: "a" });
    await writeFile(join(store.directory("a"), "more"), "");
    await store.remove("a");
    await store.remove("a");
    expect(store.get("a")).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
    await expect(store.update("a", { size: 1 })).rejects.toThrow("No thing record a");
  });
});
