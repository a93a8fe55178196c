import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { RunningExample, runExample } from "../support/example.js";

const rootIn = (stdout: string) => /keeps everything below (\S+)/.exec(stdout)?.[1] ?? "";

test("the quickstart tells its whole story on the bundled runtime and removes it", async () => {
  const { exitCode, stdout } = await runExample("quickstart.ts", []);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("Counting 3");
  expect(stdout).toMatch(/exit code 0, it says: quickstart runs \d+ processes/);
  expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/ says: Hello from the pod/);
  expect(stdout).toContain("exit code 7 (Error)");
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("quickstart: ok");
  expect(rootIn(stdout)).not.toBe("");
  expect(existsSync(rootIn(stdout))).toBe(false);
});

test("the quickstart fails with a clear message when nobody listens at the endpoint", async () => {
  const failed = await runExample("quickstart.ts", ["--endpoint", "unix:///nowhere/cri.sock"]);
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain("/nowhere/cri.sock");
  expect(failed.stderr).toContain("quickstart: failed");
  expect(failed.stdout).not.toContain("quickstart: ok");
});

test("the quickstart cleans up when it is interrupted", async () => {
  await using story = new RunningExample("quickstart.ts", []);
  await story.shows("4. Run a pod");
  expect(await story.interrupt()).toBe(1);
  expect(story.stdout).not.toContain("quickstart: ok");
  expect(rootIn(story.stdout)).not.toBe("");
  expect(existsSync(rootIn(story.stdout))).toBe(false);
});
