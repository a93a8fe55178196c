import { helperEnvironment } from "../helper-environment.js";
import { CommandError, runCommand } from "../run-command.js";

/** A file system without labels, or with one for all its files; a file that somebody has removed meanwhile. */
const passedOver = /: (Operation not supported|No such file or directory)$/;

/** Gives files this label, and all that lies below directories. Links are labelled themselves, not followed. */
export async function relabel(paths: readonly string[], label: string): Promise<void> {
  if (paths.length === 0) return;
  try {
    await runCommand("chcon", ["--recursive", label, ...paths], {
      env: { ...helperEnvironment(), LC_ALL: "C" },
    });
  } catch (error) {
    const complaints = error instanceof CommandError ? error.stderr.split("\n").filter(Boolean) : [];
    if (complaints.length === 0 || !complaints.every((line) => passedOver.test(line))) throw error;
  }
}
