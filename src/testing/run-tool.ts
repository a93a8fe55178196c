import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CriError } from "../errors.js";

const execFileAsync = promisify(execFile);

/** Runs a program to its end and resolves to what it printed. Throws with its last words otherwise. */
export async function runTool(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execFileAsync(program, args, { maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    throw new CriError("failed_precondition", `${program} failed: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return "it is not installed";
  const stderr = "stderr" in error ? String(error.stderr).trim() : "";
  return stderr === "" ? error.message : stderr;
}
