import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { withRoom, writeOver } from "../../../src/runtime/state/write-over.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-over-"));
});

afterEach(() => rm(directory, { recursive: true }));

describe("`writeOver`", () => {
  it("puts another text of JSON in the place of one, longer or shorter, in a file of the same size", async () => {
    const path = join(directory, "file");
    const first = withRoom('{"a":1}');
    await writeFile(path, first);
    for (const value of [{ a: "ä".repeat(100) }, {}]) {
      expect(await writeOver(path, JSON.stringify(value))).toBe(true);
      const text = await readFile(path, "utf8");
      expect(JSON.parse(text)).toEqual(value);
      expect(Buffer.byteLength(text)).toBe(first.length);
    }
  });

  it("leaves the file as it is when the text does not fit", async () => {
    const path = join(directory, "file");
    await writeFile(path, withRoom("{}"));
    expect(await writeOver(path, JSON.stringify("x".repeat(2000)))).toBe(false);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({});
  });
});
