import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { loadConflist } from "../../../../src/runtime/adapters/cni/conflist.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-conflist-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (name: string, content: unknown) =>
  writeFile(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));

describe("loadConflist", () => {
  test("takes the first file by name and passes over those of other kinds", async () => {
    const conflist = { cniVersion: "1.0.0", name: "first", plugins: [{ type: "bridge" }] };
    await write("00-README.md", "not this one");
    await write("10-first.conflist", conflist);
    await write("20-second.conflist", { ...conflist, name: "second" });
    expect(await loadConflist(directory)).toEqual(conflist);
  });

  test("makes a list of a single plugin's file", async () => {
    await write("10-alone.conf", { cniVersion: "0.4.0", name: "alone", type: "ptp", mtu: 1400 });
    expect(await loadConflist(directory)).toMatchObject({
      cniVersion: "0.4.0",
      name: "alone",
      plugins: [{ type: "ptp", mtu: 1400 }],
    });
  });

  test.each([
    ["no file", undefined, "No CNI network"],
    ["no JSON", "{", "10.conflist is not JSON"],
    ["no name", { plugins: [{ type: "bridge" }] }, '10.conflist has no "name"'],
    ["no plugin", { name: "x", plugins: [] }, 'neither "plugins" nor "type"'],
  ])("says what is wrong with %s", async (_, content, message) => {
    if (content !== undefined) await write("10.conflist", content);
    await expect(loadConflist(directory)).rejects.toThrow(message);
  });

  test("says that the directory is not there", async () => {
    await expect(loadConflist(join(directory, "gone"))).rejects.toThrow(
      /configuration directory .*gone cannot be read/,
    );
  });
});
