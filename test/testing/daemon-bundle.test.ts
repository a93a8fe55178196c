import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runtimeMain } from "../../src/testing/package-files.js";

const run = promisify(execFile);

test("the built daemon is one file, so that it starts without looking for hundreds", async () => {
  const directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
  try {
    await copyFile(runtimeMain(), join(directory, "main.js"));
    await writeFile(join(directory, "package.json"), '{ "type": "module" }');
    const { stdout } = await run(process.execPath, [join(directory, "main.js"), "--version"]);
    expect(stdout).toMatch(/^crikit-runtime /);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
