import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { loadConflist } from "../../../../src/runtime/adapters/cni/load-conflist.js";

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

  test("takes the first valid file, whatever stands in those before it", async () => {
    await write("00-cut.conflist", '{"cniVersion": "1.0.0", "na');
    await write("05-list-in-a.conf", { cniVersion: "1.0.0", name: "empty", plugins: [] });
    await write("20-good.json", { cniVersion: "0.3.1", name: "good", type: "bridge" });
    await write("10-good.conflist", { cniVersion: "1.0.0", name: "better", plugins: [{ type: "bridge" }] });
    expect(await loadConflist(directory)).toMatchObject({ name: "better" });
  });

  test("takes a network without a version for one of the oldest", async () => {
    await write("10.conf", { name: "old", type: "bridge" });
    expect(await loadConflist(directory)).toMatchObject({ cniVersion: "0.1.0" });
  });

  test.each([
    ["no file", undefined, "No CNI network (*.conflist, *.conf, *.json) in"],
    ["no JSON", "{", "10.conflist is not JSON"],
    ["no object", "7", "10.conflist is not a JSON object"],
    ["no name", { plugins: [{ type: "bridge" }] }, '10.conflist has no "name"'],
    [
      "a name that leads elsewhere",
      { name: "../x", type: "bridge" },
      "10.conflist has a name with other than",
    ],
    ["no plugin", { name: "x", plugins: [] }, '10.conflist has neither "plugins" nor "type"'],
    ["a plugin of no type", { name: "x", plugins: [{}] }, '10.conflist has a plugin without "type"'],
  ])("says what is wrong with %s", async (_, content, message) => {
    if (content !== undefined) await write("10.conflist", content);
    await expect(loadConflist(directory)).rejects.toThrow(message);
  });

  test("says what is wrong with each of several", async () => {
    await write("10.conflist", "{");
    await write("20.conf", { name: "x" });
    await expect(loadConflist(directory)).rejects.toThrow(
      `No valid CNI network in ${directory}: 10.conflist is not JSON; 20.conf has neither "plugins" nor "type"`,
    );
  });

  test("says that the directory is not there", async () => {
    await expect(loadConflist(join(directory, "gone"))).rejects.toThrow(
      /configuration directory .*gone cannot be read/,
    );
  });
});
