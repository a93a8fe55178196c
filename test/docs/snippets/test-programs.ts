import { afterAll, beforeAll, expect, test } from "vitest";
import { type Compiled, compile } from "./compile.js";
import { type Lab, startLab } from "./lab.js";
import type { Program } from "./program.js";
import { runProgram } from "./run.js";

/** A test for each program: it checks against the package's types, runs, and prints what the page says. */
export function testPrograms(group: string, programs: readonly Program[]): void {
  let compiled: ReadonlyMap<Program, Compiled>;
  let lab: Lab | undefined;
  beforeAll(async () => {
    compiled = compile(group, programs);
    lab = await startLab();
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  test.each(programs.map((program) => [program.name, program] as const))(
    "%s",
    async (_, program) => {
      const { path = "", complaints = [] } = compiled.get(program) ?? {};
      expect(complaints.join("\n")).toBe("");
      if (program.snippets.length === 0 || !lab) return;
      await runProgram(program, path, { endpoint: lab.endpoint });
      await lab.tidy();
    },
    60_000,
  );
}
