import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runtimeMain } from "../../src/testing/package-files.js";

const run = promisify(execFile);

test("the built daemon loads no package, so that it starts without looking for hundreds of files", async () => {
  const directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
  try {
    await cp(dirname(dirname(runtimeMain())), join(directory, "dist"), { recursive: true });
    await writeFile(
      join(directory, "package.json"),
      '{ "name": "crikit", "version": "0.0.0", "type": "module" }',
    );
    const main = join(directory, "dist/runtime/main.js");
    const { stdout } = await run(process.execPath, [main, "--version"]);
    expect(stdout).toMatch(/^crikit-runtime /);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
