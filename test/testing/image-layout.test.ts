import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeLayers } from "../../src/testing/image-layout.js";
import { scratchDirectory } from "../../src/testing/temporary-directory.js";

test("images made of the same lower layer share it, and differ in the one above", async () => {
  await using scratch = await scratchDirectory();
  const base = { "/shell": "the same" };
  const layersOf = async (name: string) => {
    const layout = join(scratch.path, name);
    await writeLayers(layout, [base, { "/name": name }]);
    const { manifests } = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
    const hex = manifests[0].digest.replace("sha256:", "");
    const { layers } = JSON.parse(await readFile(join(layout, "blobs/sha256", hex), "utf8"));
    return layers.map(({ digest }: { digest: string }) => digest);
  };
  const [cat, dog] = [await layersOf("cat"), await layersOf("dog")];
  expect(cat).toHaveLength(2);
  expect(cat[0]).toBe(dog[0]);
  expect(cat[1]).not.toBe(dog[1]);
});
