import { contextFor } from "./context.js";
import type { Fence } from "./fences.js";
import { takeImports } from "./imports.js";

/** What a program prints before the output of each of its snippets. */
export const outputMark = (index: number) => `\0${index}\0`;

/** A snippet that is run. */
export interface Snippet {
  /** Its first line in the page. */
  readonly place: string;
  /** What the page says that it prints. */
  readonly expected?: { readonly place: string; readonly text: string } | undefined;
}

/** The snippets of a page, or one of a doc comment, as one program. */
export interface Program {
  /** The page, or the line of the doc comment. */
  readonly name: string;
  readonly code: string;
  /** For each line of the code, the place that it comes from. */
  readonly places: readonly string[];
  readonly snippets: readonly Snippet[];
  /** Those that are checked and not run. */
  readonly notRun: readonly { readonly place: string; readonly reason: string }[];
}

interface Line {
  readonly code: string;
  readonly place: string;
}

/**
 * Each snippet is a block within the one before: what that declares is there for it, and may be declared anew. One
 * that is not to run is in a branch that is never taken.
 */
export function programOf(name: string, fences: readonly Fence[]): Program {
  const imports = new Map<string, Line>();
  const body: Line[] = [];
  const snippets: Snippet[] = [];
  const notRun: Program["notRun"][number][] = [];
  let mayBeOutput = false;
  for (const { file, line, language, info, code } of fences) {
    const placeAt = (offset: number) => `${file}:${line + offset}`;
    const place = placeAt(0);
    const last = snippets.at(-1);
    if (language === "text" && mayBeOutput && last) {
      snippets[snippets.length - 1] = { ...last, expected: { place, text: code } };
    }
    mayBeOutput = false;
    if (language !== "ts") continue;
    const taken = takeImports(code);
    for (const one of taken.imports) {
      if (!imports.has(one.text)) imports.set(one.text, { code: one.text, place: placeAt(one.line) });
    }
    const lines = taken.rest.split("\n").map((code, offset) => ({ code, place: placeAt(offset) }));
    const reason = /^no-run\b *(.*)$/.exec(info)?.[1];
    if (reason === undefined) {
      const mark = JSON.stringify(outputMark(snippets.length));
      body.push({ code: `{ process.stdout.write(${mark});`, place }, ...lines);
      snippets.push({ place });
      mayBeOutput = true;
    } else {
      body.push({ code: "if (isNever) {", place }, ...lines, { code: "}", place });
      notRun.push({ place, reason });
    }
  }
  const own = [...imports.values(), ...body].map(({ code }) => code).join("\n");
  const context = contextFor(own, { mayLackImports: fences.some(({ inComment }) => inComment) });
  const all = [
    ...imports.values(),
    ...context.map((code) => ({ code, place: `${name}, what is given` })),
    { code: "const isNever = false as boolean; export {};", place: name },
    ...body,
    { code: "}".repeat(snippets.length), place: `${name}, its end` },
  ];
  return {
    name,
    code: all.map(({ code }) => code).join("\n"),
    places: all.map(({ place }) => place),
    snippets,
    notRun,
  };
}
