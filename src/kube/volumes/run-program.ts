import { spawn } from "node:child_process";
import { CriError } from "../../errors.js";

export interface ProgramOptions {
  /** An open file that the program has as its descriptor 3. */
  readonly descriptor?: number | undefined;
}

/** Runs one of the host's programs; what it says on the error output is in the error when it fails. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { descriptor }: ProgramOptions = {},
): Promise<void> {
  const child = spawn(program, [...args], {
    stdio: ["ignore", "ignore", "pipe", ...(descriptor === undefined ? [] : [descriptor])],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new CriError("failed_precondition", `${program} cannot be run: install it`, { cause })),
    );
    child.once("close", resolve);
  });
  if (exitCode === 0) return;
  const reason = said.trim() || `exit code ${exitCode}`;
  throw new CriError("failed_precondition", `${program} ${args.join(" ")} failed (${reason}): run as root`);
}
