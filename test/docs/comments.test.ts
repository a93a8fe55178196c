import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectDirectory } from "./snippets/compile.js";
import { fencesOf } from "./snippets/fences.js";
import { programOf } from "./snippets/program.js";
import { testPrograms } from "./snippets/test-programs.js";

const sources = readdirSync(join(projectDirectory, "src"), { recursive: true, encoding: "utf8" });
const programs = sources
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/${name}`)
  .sort()
  .flatMap((file) => fencesOf(file, readFileSync(join(projectDirectory, file), "utf8")))
  .map((fence) => programOf(`${fence.file}:${fence.line}`, [fence]));

testPrograms("comments", programs);

test("few examples are not run, each for a reason", () => {
  const notRun = programs.flatMap((program) => program.notRun);
  expect(notRun.filter(({ reason }) => reason === "")).toEqual([]);
  expect(notRun.length).toBeLessThanOrEqual(5);
});
