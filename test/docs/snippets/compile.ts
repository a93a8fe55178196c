import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Program } from "./program.js";

export const projectDirectory = fileURLToPath(new URL("../../..", import.meta.url));

export interface Compiled {
  /** The JavaScript to run. */
  readonly path: string;
  /** What the compiler says of it, at the places in the pages. */
  readonly complaints: readonly string[];
}

// The strictest that a user may have set.
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  inlineSourceMap: true,
};

/**
 * Checks all programs at once against the built package, which they import by its name as they lie within it, and
 * writes the JavaScript of each. `group` keeps those of test files that run at the same time apart.
 */
export function compile(group: string, programs: readonly Program[]): ReadonlyMap<Program, Compiled> {
  const directory = join(projectDirectory, ".cache/snippets", group);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const sources = new Map(programs.map((program) => [join(directory, `${fileName(program)}.ts`), program]));
  for (const [path, { code }] of sources) writeFileSync(path, code);
  const compiler = ts.createProgram([...sources.keys()], options);
  compiler.emit();
  const complaints = new Map(programs.map((program) => [program, [] as string[]]));
  for (const diagnostic of ts.getPreEmitDiagnostics(compiler)) {
    const program = sources.get(diagnostic.file?.fileName ?? "");
    if (!program) throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
    complaints.get(program)?.push(`${placeOf(program, diagnostic)}: ${textOf(diagnostic)}`);
  }
  const compiled = [...sources].map(([path, program]) => {
    const result = { path: path.replace(/ts$/, "js"), complaints: complaints.get(program) ?? [] };
    return [program, result] as const;
  });
  return new Map(compiled);
}

/** Puts the places in the pages where a text names lines of the program. */
export function withPlaces(program: Program, text: string): string {
  const path = new RegExp(`(?:file://)?[^\\s()'"]*/${fileName(program)}[.]ts:(\\d+)(?::\\d+)?`, "g");
  return text.replace(path, (found, line: string) => program.places[Number(line) - 1] ?? found);
}

function placeOf(program: Program, { file, start = 0 }: ts.Diagnostic): string {
  const line = file?.getLineAndCharacterOfPosition(start).line ?? 0;
  return program.places[line] ?? program.name;
}

function textOf({ code, messageText }: ts.Diagnostic): string {
  return `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
}

function fileName({ name }: Program): string {
  return name.replaceAll(/\W+/g, "-");
}
