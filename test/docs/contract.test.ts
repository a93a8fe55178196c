import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

import { ImageService, RuntimeService } from "../../src/proto.js";

test("The page on the contract has a row for each RPC of both services", async () => {
  const page = await readFile(new URL("../../docs/contract.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  const rpcs = [RuntimeService, ImageService].flatMap(({ methods }) => methods.map(({ name }) => name));
  expect(rows.toSorted()).toEqual(rpcs.toSorted());
});
