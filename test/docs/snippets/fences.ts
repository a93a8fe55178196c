/** A fenced block of a page, or of a doc comment. */
export interface Fence {
  readonly file: string;
  /** The line in the file that the code begins on. */
  readonly line: number;
  readonly language: string;
  /** What follows the language: `no-run WHY`. */
  readonly info: string;
  readonly code: string;
  /** In a comment before a declaration, and not in a page. */
  readonly inComment: boolean;
}

/** The fenced blocks of a Markdown file, or those in the doc comments of a source file. */
export function fencesOf(file: string, text: string): Fence[] {
  const inComment = !file.endsWith(".md");
  const fences: Fence[] = [];
  let open: { language: string; info: string; line: number; code: string[] } | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = inComment ? commentLine(raw) : raw;
    const marker = line === undefined ? null : /^```(\w*) *(.*)$/.exec(line);
    if (open && marker) {
      fences.push({ ...open, file, inComment, code: open.code.join("\n") });
      open = undefined;
    } else if (open) {
      open.code.push(line ?? "");
    } else if (marker) {
      const [, language = "", info = ""] = marker;
      open = { language, info: info.trim(), line: index + 2, code: [] };
    }
  }
  if (open) throw new Error(`${file}:${open.line - 1}: this block is not closed`);
  return fences;
}

function commentLine(raw: string): string | undefined {
  return /^\s*\* ?(.*)$/.exec(raw)?.[1];
}
