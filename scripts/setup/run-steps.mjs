// Runs the steps of a command one after the other, past failing ones, and leaves the count for `.ci/run`.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "./packages.mjs";

const bin = join(projectDirectory, "node_modules/.bin");

/** Runs a program of node_modules or PATH in the project; resolves to whether it ended with 0. */
export function runInProject([program, ...args], { quiet = false } = {}) {
  const result = spawnSync(program, args, {
    cwd: projectDirectory,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`.trimEnd();
  return { ok: result.status === 0, output };
}

/** Prints each step with its time, and the output of those that fail. Resolves to the count. */
export function runSteps(steps) {
  const count = { passed: 0, failed: 0 };
  for (const [name, ...commands] of steps) {
    const start = performance.now();
    const failure = commands.map((command) => runInProject(command, { quiet: true })).find(({ ok }) => !ok);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${failure === undefined ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
    if (failure !== undefined) console.log(`${failure.output}\n`);
    count[failure === undefined ? "passed" : "failed"] += 1;
  }
  return count;
}

/** Where a task leaves its count. */
export function countPath(task) {
  return join(projectDirectory, ".cache/counts", `${task}.json`);
}

export function writeCount(task, count) {
  mkdirSync(join(projectDirectory, ".cache/counts"), { recursive: true });
  writeFileSync(countPath(task), JSON.stringify(count));
}
