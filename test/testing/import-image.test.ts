import { mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { importImage, type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let runtime: RuntimeHandle;
let directory: string;
const { TMPDIR } = process.env;

beforeAll(async () => {
  runtime = await startRuntime();
  directory = await mkdtemp("/tmp/crikit-import-");
  process.env.TMPDIR = directory;
});
afterAll(async () => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  await runtime[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Many names, so that an image that is removed while it is made does not get through. */
const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`/files/${index}`, `${index}`]));

test("an image is whole when it is imported, and what was made for it is gone only then", async () => {
  const own = dirname(runtime.root);
  const before = await readdir(own);
  for (let round = 0; round < 5; round++) {
    const ref = `crikit.test/files:${round}`;
    expect(await runtime.importImage({ ref, files })).toEqual(
      await importImage(runtime.endpoint, { ref, files }),
    );
  }
  expect(await readdir(own)).toEqual(before);
  expect(await readdir(join(directory))).toEqual([]);
});
