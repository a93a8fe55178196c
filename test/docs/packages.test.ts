import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { imageNeeds, runtimeNeeds } from "../../scripts/setup/programs.mjs";
import { projectDirectory } from "./snippets/compile.js";

/** On every Debian, also in the smallest image. */
const essential = ["util-linux", "mount", "bsdutils", "coreutils", "tar"];

test("the CI job of the page on testing installs every package that the runtime needs", () => {
  const page = readFileSync(join(projectDirectory, "docs/testing.md"), "utf8");
  const [, list = ""] = /apt-get install -y (.*)/.exec(page) ?? [];
  const needed = [...runtimeNeeds, ...imageNeeds].map((need) => need.package);
  const wanted = [...new Set(needed)].filter((name) => !essential.includes(name));
  expect(list.split(" ").sort()).toEqual(wanted.sort());
});
