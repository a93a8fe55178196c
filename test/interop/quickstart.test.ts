import { expect, test } from "vitest";
import { startContainerd } from "../support/containerd.js";
import { findLeaks } from "../support/leaks.js";
import { runQuickstart } from "../support/quickstart.js";

test("the quickstart tells its whole story on a private containerd, which leaves nothing behind", async () => {
  const containerd = await startContainerd();
  try {
    const { stdout } = await runQuickstart(["--endpoint", containerd.endpoint]);
    expect(stdout).toMatch(/containerd \d+\.\d+/);
    expect(stdout).toContain("Counting 3");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("quickstart: ok");
  } finally {
    await containerd[Symbol.asyncDispose]();
  }
  expect(await findLeaks(containerd)).toEqual([]);
});
