import { type ExecFileException, execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withPlaces } from "./compile.js";
import { outputMark, type Program } from "./program.js";

const filesDirectory = fileURLToPath(new URL("../files", import.meta.url));

export interface RunOptions {
  readonly endpoint: string;
  readonly limitMs?: number | undefined;
}

/**
 * Runs a program by itself, in a directory with a copy of `test/docs/files`. Rejects with the place in the page when
 * it throws, does not end, or prints something else than the page says.
 */
export async function runProgram(program: Program, path: string, options: RunOptions): Promise<void> {
  const { endpoint, limitMs = 30_000 } = options;
  const directory = await mkdtemp(join(tmpdir(), "crikit-docs-"));
  try {
    await cp(filesDirectory, directory, { recursive: true });
    const { error, stdout, stderr } = await runNode(path, { cwd: directory, endpoint, limitMs });
    if (error?.killed) {
      const place = lastPlace(program, stdout);
      throw new Error(`${place}: does not end within ${limitMs} ms by itself: an endless loop needs a break`);
    }
    if (error) throw new Error(`${program.name} failed:\n${withPlaces(program, stderr)}`);
    for (const [index, { expected }] of program.snippets.entries()) {
      const printed = outputOf(stdout, index);
      if (expected === undefined || patternOf(expected.text).test(printed)) continue;
      throw new Error(
        `${expected.place}: the page says\n${expected.text}\nand the snippet prints\n${printed}`,
      );
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Place {
  readonly cwd: string;
  readonly endpoint: string;
  readonly limitMs: number;
}

interface Outcome {
  readonly error: ExecFileException | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runNode(path: string, { cwd, endpoint, limitMs }: Place): Promise<Outcome> {
  const env = { ...process.env, CONTAINER_RUNTIME_ENDPOINT: endpoint, NODE_OPTIONS: "" };
  const limits = { timeout: limitMs, killSignal: "SIGKILL" } as const;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--enable-source-maps", path],
      { cwd, env, ...limits },
      (error, stdout, stderr) => resolve({ error, stdout, stderr }),
    );
  });
}

function outputOf(stdout: string, index: number): string {
  const [, after = ""] = stdout.split(outputMark(index));
  return (after.split("\0")[0] ?? "").trimEnd();
}

/** `...` stands for a part of a line, and on a line of its own for any lines. */
function patternOf(text: string): RegExp {
  const lines = text.trimEnd().split("\n");
  const parts = lines.map((line) =>
    line.trim() === "..."
      ? "(?:.*\n?)*?"
      : `${line.trimEnd().split("...").map(literally).join(".*?")}(?:\n|$)`,
  );
  return new RegExp(`^${parts.join("")}$`);
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function lastPlace({ name, snippets }: Program, stdout: string): string {
  return snippets.findLast((_, index) => stdout.includes(outputMark(index)))?.place ?? name;
}
