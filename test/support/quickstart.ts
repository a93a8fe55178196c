import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const project = fileURLToPath(new URL("../..", import.meta.url));

const tsx = ["node_modules/tsx/dist/cli.mjs", "--tsconfig", "examples/tsconfig.json"];

/** Runs examples/quickstart.ts on the built package, as `npm run quickstart` does after its set-up. */
export async function runQuickstart(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [...tsx, "examples/quickstart.ts", ...args], { cwd: project });
}

/** The same, to be interrupted. */
export function spawnQuickstart(args: readonly string[]) {
  const command = [...tsx, "examples/quickstart.ts", ...args];
  return spawn(process.execPath, command, { cwd: project, stdio: ["ignore", "pipe", "ignore"] });
}
