import { readFile } from "node:fs/promises";

import { CriError } from "../../../errors.js";
import { CommandError } from "../command-error.js";
import { findProgram } from "../find-program.js";
import { runCommand } from "../run-command.js";

/** A look at what the kernel has takes it a moment. */
const checkMs = 30_000;

/** The path of criu, which OCI runtimes call for checkpoints. Throws when it is not there, or not up to this kernel. */
export async function requireCriu(): Promise<string> {
  const path = await findProgram("criu");
  if (path === undefined) {
    throw new CriError("failed_precondition", "Checkpoints need criu, which is not on this node: install it");
  }
  try {
    await runCommand(path, ["check"], { timeoutMs: checkMs });
    return path;
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const why = firstError(`${cause.stdout}\n${cause.stderr}`) ?? cause.message;
    throw new CriError("failed_precondition", `criu (${path}) does not work on this node's kernel: ${why}`, {
      cause,
    });
  }
}

/** Why a dump or a restore failed, by the log that criu left; undefined when it says nothing. */
export async function whyCriuFailed(log: string): Promise<string | undefined> {
  return firstError(await readFile(log, "utf8").catch(() => ""));
}

/** The first error is the cause, those after it are its consequences. */
function firstError(text: string): string | undefined {
  return /^(?:\(\d+\.\d+\) +)?Error \([^)]*\): (.*)$/m.exec(text)?.[1]?.trim();
}
