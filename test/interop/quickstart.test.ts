import { expect, test } from "vitest";
import { startContainerd } from "../support/containerd.js";
import { runExample } from "../support/example.js";
import { findLeaks } from "../support/leaks.js";

test("the quickstart tells its whole story on a private containerd, which leaves nothing behind", async () => {
  const containerd = await startContainerd();
  try {
    const { stdout } = await runExample("quickstart.ts", ["--endpoint", containerd.endpoint]);
    expect(stdout).toMatch(/containerd \d+\.\d+/);
    expect(stdout).toContain("Counting 3");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("quickstart: ok");
  } finally {
    await containerd[Symbol.asyncDispose]();
  }
  expect(await findLeaks(containerd)).toEqual([]);
});
