import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { runQuickstart, spawnQuickstart } from "../support/quickstart.js";

test("the quickstart tells its whole story on the bundled runtime and removes it", async () => {
  const { stdout } = await runQuickstart([]);
  const root = /keeps everything below (\S+)/.exec(stdout)?.[1] ?? "";
  expect(stdout).toContain("Counting 3");
  expect(stdout).toMatch(/exit code 0, it says: quickstart runs \d+ processes/);
  expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/ says: Hello from the pod/);
  expect(stdout).toContain("exit code 7 (Error)");
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("quickstart: ok");
  expect(root).not.toBe("");
  expect(existsSync(root)).toBe(false);
});

test("the quickstart fails with a clear message when nobody listens at the endpoint", async () => {
  const failure = await runQuickstart(["--endpoint", "unix:///nowhere/cri.sock"]).catch((error) => error);
  expect(failure.code).toBe(1);
  expect(failure.stderr).toContain("/nowhere/cri.sock");
  expect(failure.stderr).toContain("quickstart: failed");
  expect(failure.stdout).not.toContain("quickstart: ok");
});

test("the quickstart cleans up when it is interrupted", async () => {
  const story = spawnQuickstart([]);
  let stdout = "";
  const exited = once(story, "exit");
  for await (const chunk of story.stdout.setEncoding("utf8")) {
    stdout += chunk;
    if (/4\. Run a pod/.test(stdout)) story.kill("SIGINT");
  }
  const root = /keeps everything below (\S+)/.exec(stdout)?.[1] ?? "";
  expect(await exited).toEqual([1, null]);
  expect(stdout).not.toContain("quickstart: ok");
  expect(root).not.toBe("");
  expect(existsSync(root)).toBe(false);
});
