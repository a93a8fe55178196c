import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runTool } from "../../src/testing/run-tool.js";
import { runDirectory } from "./run-directory.js";

test("a run's directory goes with all that specs have left mounted in it, one in the other", async () => {
  const { path, ...directory } = await runDirectory();
  const outer = join(path, "tmp/outer");
  const inner = join(outer, "inner");
  await mkdir(outer, { recursive: true });
  await runTool("mount", ["-t", "tmpfs", "crikit-test", outer]);
  await mkdir(inner);
  await runTool("mount", ["--bind", "/etc", inner]);
  await directory[Symbol.asyncDispose]();
  expect(existsSync(path)).toBe(false);
  expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(path);
  expect(existsSync("/etc/passwd")).toBe(true);
});
