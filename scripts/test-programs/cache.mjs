import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { SetupError } from "../setup/apt.mjs";
import { projectDirectory } from "../setup/packages.mjs";

export const cacheDirectory = join(projectDirectory, ".cache/test-programs");

/** Runs a program to its end without a word; throws a `SetupError` with what it said if it fails. */
export function run(program, args, cwd, env = process.env) {
  const result = spawnSync(program, args, { cwd, env, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.status === 0) return result.stdout;
  throw new SetupError(`${program} ${args.join(" ")} failed:\n${result.stderr || result.error?.message}`);
}
