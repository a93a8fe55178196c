import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectDirectory } from "./snippets/compile.js";
import { fencesOf } from "./snippets/fences.js";
import { programOf } from "./snippets/program.js";
import { testPrograms } from "./snippets/test-programs.js";

const docs = readdirSync(join(projectDirectory, "docs")).filter((name) => name.endsWith(".md"));
const programs = ["README.md", ...docs.map((name) => `docs/${name}`)]
  .map((page) => programOf(page, fencesOf(page, readFileSync(join(projectDirectory, page), "utf8"))))
  .filter(({ snippets, notRun }) => snippets.length + notRun.length > 0);

testPrograms("pages", programs);

test("the README leads to every page", () => {
  const readme = readFileSync(join(projectDirectory, "README.md"), "utf8");
  expect(docs.filter((name) => !readme.includes(`(docs/${name})`))).toEqual([]);
});

test("few snippets are not run, each for a reason", () => {
  const notRun = programs.flatMap((program) => program.notRun);
  expect(notRun.filter(({ reason }) => reason === "")).toEqual([]);
  expect(notRun.length).toBeLessThanOrEqual(6);
});
