import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const command = ["--import", "tsx", "examples/quickstart.ts"];
const options = {
  cwd: fileURLToPath(new URL("../..", import.meta.url)),
  env: { ...process.env, TSX_TSCONFIG_PATH: "examples/tsconfig.json" },
};

/** Runs examples/quickstart.ts on the built package, as `npm run quickstart` does after its set-up. */
export async function runQuickstart(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [...command, ...args], options);
}

/** The same, to be interrupted. */
export function spawnQuickstart(args: readonly string[]) {
  return spawn(process.execPath, [...command, ...args], { ...options, stdio: ["ignore", "pipe", "ignore"] });
}
