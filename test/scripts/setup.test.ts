import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const scripts = fileURLToPath(new URL("../../scripts", import.meta.url));

async function runCode(code: string): Promise<string> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], { cwd: scripts });
  return stdout;
}

test("a user without root is told the very command that installs what is missing, and why", async () => {
  const printed = await runCode(`
    import { installNeeds } from "./setup/apt.mjs";
    import { missingNeeds } from "./setup/programs.mjs";
    process.setuid(65534);
    const needs = [
      { name: "sh", package: "dash", why: "is there" },
      { name: "no-such-program", package: "no-such-package", why: "is for this test" },
    ];
    try { installNeeds(missingNeeds(needs)); } catch (error) { console.log(error.constructor.name, error.message); }
  `);
  expect(printed).toMatch(/no-such-package +no-such-program is for this test/);
  expect(printed).not.toContain("dash");
  const command = "apt-get install -y --no-install-recommends no-such-package";
  expect(printed).toContain("SetupError Installing needs root");
  expect(printed).toContain(`sudo apt-get update && sudo ${command}`);
});

test("nothing that the runtime calls is missing once set up", async () => {
  const printed = await runCode(`
    import { imageNeeds, missingNeeds, runtimeNeeds } from "./setup/programs.mjs";
    process.setuid(65534);
    process.env.PATH = "/nowhere";
    console.log(JSON.stringify(missingNeeds([...runtimeNeeds, ...imageNeeds])));
  `);
  expect(JSON.parse(printed)).toEqual([]);
});
